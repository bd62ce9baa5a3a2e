// Files of an instance that goes on working: whatever is renamed, changed or gone between the bulk pass and the snapshot, the
// archive has what the snapshot needs, every archive can be read, and what is missing is named.

import { sealText } from '../archive/seal-text.ts';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { manifest, sealFor, sha256, verdictOn } from '../../test/assemble-archive.ts';
import { caught, rejection } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { sorted } from '../../test/sorted.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { instanceOf, referenceTo, rootOf, shoebox } from '../../test/shoebox.ts';
import type { FileReference } from '../adapter.ts';
import { ArchiveReader } from '../archive/reader.ts';
import { ArchiveWriter } from '../archive/writer.ts';
import type { WrittenEntry } from '../archive/writer.ts';
import type { VerbEvent } from '../events.ts';
import { createFileSink } from '../io/sink.ts';
import { Spool } from '../io/spool.ts';
import { ExclusionList } from './exclusions.ts';
import { BackupLedger } from './ledger.ts';
import { archiveMedia, existingRoots } from './media.ts';
import type { MediaSource } from './media.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let directory: string;
let root: string;
beforeEach(() => {
  directory = scratchDirectory();
  root = join(directory, 'root');
  mkdirSync(root);
});

function file(path: string, content = `content of ${path}`): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** What one snapshot needs; called when it is opened, so that the disk can change before. */
type Snapshot = () => readonly FileReference[];

interface Outcome {
  readonly unreadable: string[];
  readonly ledger: BackupLedger;
  readonly exclusions: ExclusionList;
  readonly events: VerbEvent[];
  readonly snapshots: number;
  /** Content of live files by path below `media/`, links as `-> target`, directories as `/`. */
  readonly archived: Record<string, string>;
  readonly verdict: string;
}

/** Archives the root; the last of the snapshots repeats. `before`: the references that are known before the bulk pass. */
async function archive(
  snapshots: readonly Snapshot[],
  more: Partial<MediaSource> = {},
  before: Snapshot = () => [],
): Promise<Outcome> {
  const path = join(directory, 'archive');
  const ledger = new BackupLedger();
  const writer = new ArchiveWriter({
    sink: createFileSink(path),
    codec: 'zstd',
    level: 1,
    threads: 1,
  });
  onTestFinished(async () => {
    await writer.discard();
    ledger.close();
  });
  const exclusions = new ExclusionList();
  const events: VerbEvent[] = [];
  const source: MediaSource = {
    adapter: shoebox(),
    instance: instanceOf([rootOf(root)]),
    roots: [rootOf(root)],
    databaseFiles: [],
    excludeClasses: [],
    onEvent: (event) => void events.push(event),
    ...more,
  };
  const note = (entry: WrittenEntry) => void ledger.addEntry(entry);
  await writer.addMade({ path: 'README.txt', content: Buffer.from('read me') }, note);
  await writer.addMade(
    { path: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
    note,
  );
  await writer.drain();
  for (const reference of before()) ledger.addReference(reference);
  let taken = 0;
  const unreadable = await archiveMedia(source, ledger, writer, exclusions, () => {
    const references = snapshots[Math.min(taken, snapshots.length - 1)]!();
    taken++;
    ledger.clearReferences();
    for (const reference of references) ledger.addReference(reference);
    return Promise.resolve();
  });
  await seal(ledger, writer);
  return {
    unreadable,
    ledger,
    exclusions,
    events,
    snapshots: taken,
    archived: contents(path),
    verdict: await verdictOn(path),
  };
}

async function seal(ledger: BackupLedger, writer: ArchiveWriter): Promise<void> {
  const spool = new Spool();
  for (const line of ledger.indexLines()) spool.append(line);
  let index: WrittenEntry | undefined;
  await writer.addSpool('index.jsonl', spool, (entry) => {
    index = entry;
  });
  await writer.drain();
  spool.close();
  const { frame, offset, size, sha256: hash } = index!;
  const place = { frame, offset, size, sha256: hash, entries: ledger.entryCount };
  const text = sealText(sealFor(sha256(JSON.stringify(manifest)), place));
  await writer.finish({ path: 'seal.json', content: Buffer.from(text) });
}

function contents(path: string): Record<string, string> {
  const reader = new ArchiveReader(path);
  const found: Record<string, string> = {};
  for (const entry of reader.entries()) {
    const name = entry.pathBytes.toString();
    if (!name.startsWith('media/') || entry.superseded) continue;
    const text = entry.type === 'link' ? `-> ${entry.linkBytes!.toString()}` : '/';
    found[name.slice('media/'.length)] =
      entry.type === 'file' ? reader.content(entry).toString() : text;
  }
  reader.close();
  return found;
}

const reasons = ({ ledger }: Outcome) =>
  [...ledger.exceptions()].map(({ path, reason }) => [path, reason]);
const md5 = (text: string) => ({
  algorithm: 'md5' as const,
  value: createHash('md5').update(text).digest('hex'),
});

describe('an instance that stands still', () => {
  test('is archived with directories, files, links and their facts', async () => {
    file('a/one');
    file('two');
    mkdirSync(join(root, 'empty'), { mode: 0o700 });
    chmodSync(join(root, 'a'), 0o2750);
    symlinkSync('a/one', join(root, 'link'));
    symlinkSync('nowhere', join(root, 'dangling'));
    utimesSync(join(root, 'two'), 5, 7.5);
    const outcome = await archive([() => [referenceTo('a/one'), referenceTo('two')]]);
    expect(outcome.archived).toEqual({
      files: '/',
      'files/a': '/',
      'files/a/one': 'content of a/one',
      'files/dangling': '-> nowhere',
      'files/empty': '/',
      'files/link': '-> a/one',
      'files/two': 'content of two',
    });
    expect(outcome).toMatchObject({ verdict: 'accepted', unreadable: [], snapshots: 1 });
    expect(reasons(outcome)).toEqual([]);
    const lines = [...outcome.ledger.indexLines()].map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    const line = (path: string) => lines.find((each) => each['path'] === `media/files/${path}`);
    expect(line('a')).toMatchObject({
      type: 'directory',
      mode: 0o2750,
      uid: process.getuid!(),
      gid: process.getgid!(),
    });
    expect(line('two')).toMatchObject({ mtime: '7.500000000' });
    expect(line('link')).toMatchObject({ type: 'link', mode: 0o777 });
  });

  test('is told step by step, with the last word about the files', async () => {
    file('one', '12345');
    file('two', '123');
    const { events } = await archive([() => []]);
    expect(events.filter(({ type }) => type === 'step')).toEqual([
      { type: 'step', phase: 'scan', text: 'looking for files' },
      { type: 'step', phase: 'media', text: 'reading files' },
      { type: 'step', phase: 'snapshot', text: 'opening the database snapshot' },
    ]);
    expect(events.findLast(({ type }) => type === 'progress')).toEqual({
      type: 'progress',
      phase: 'media',
      doneBytes: 8,
      totalBytes: 8,
      doneItems: 2,
      totalItems: 2,
      items: 'files',
    });
  });

  test('may have several roots', async () => {
    const other = join(directory, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'x'), 'other x');
    file('x');
    const { archived, verdict } = await archive(
      [() => [referenceTo('x'), referenceTo('x', { root: 'data' })]],
      {
        roots: [rootOf(root), rootOf(other, 'data')],
      },
    );
    expect(archived).toEqual({
      files: '/',
      'files/x': 'content of x',
      data: '/',
      'data/x': 'other x',
    });
    expect(verdict).toBe('accepted');
  });

  test('has each file once, however many rows name it', async () => {
    file('one');
    const checksum = md5('content of one');
    const references = [
      referenceTo('one', { checksum }),
      referenceTo('one'),
      referenceTo('one', { role: 'version' }),
    ];
    const outcome = await archive([() => references], {}, () => references);
    expect(reasons(outcome)).toEqual([]);
    expect(outcome.ledger.entryCount).toBe(4);
    // a file whose MD5 nobody wanted in the bulk pass
    const late = await archive2(references);
    expect(reasons(late)).toEqual([]);
    expect(late.ledger.entryCount).toBe(5);
  });

  async function archive2(references: readonly FileReference[]): Promise<Outcome> {
    rmSync(join(directory, 'archive'));
    return await archive([() => references]);
  }
});

describe('a file that is', () => {
  test('renamed after the bulk pass is there under its new name', async () => {
    file('old');
    const outcome = await archive([
      () => {
        renameSync(join(root, 'old'), join(root, 'new'));
        return [referenceTo('new', { checksum: md5('content of old') })];
      },
    ]);
    expect(outcome.archived).toMatchObject({
      'files/old': 'content of old',
      'files/new': 'content of old',
    });
    expect([outcome.verdict, reasons(outcome)]).toEqual(['accepted', []]);
  });

  test('renamed into directories that are new is there with them', async () => {
    file('old');
    mkdirSync(join(root, 'there'));
    const outcome = await archive([
      () => {
        mkdirSync(join(root, 'there', 'a', 'b'), { recursive: true, mode: 0o750 });
        renameSync(join(root, 'old'), join(root, 'there', 'a', 'b', 'new'));
        file('there/a/second');
        return [referenceTo('there/a/b/new'), referenceTo('there/a/second')];
      },
    ]);
    expect(outcome.archived).toMatchObject({
      'files/there/a': '/',
      'files/there/a/b': '/',
      'files/there/a/b/new': 'content of old',
    });
    expect([outcome.verdict, reasons(outcome)]).toEqual(['accepted', []]);
    expect({ ...outcome.ledger.archivedCounts() }).toMatchObject({ files: 3, directories: 4 });
  });

  test('changed after the bulk pass is there as it is now, once', async () => {
    file('one', 'old');
    file('two', 'old');
    const outcome = await archive([
      () => {
        file('one', 'new and longer');
        file('two', 'new');
        utimesSync(join(root, 'two'), 9, 9);
        return [referenceTo('one', { checksum: md5('new and longer') }), referenceTo('two')];
      },
    ]);
    expect(outcome.archived).toMatchObject({ 'files/one': 'new and longer', 'files/two': 'new' });
    expect([outcome.verdict, reasons(outcome), outcome.snapshots]).toEqual(['accepted', [], 1]);
    expect(
      [...outcome.ledger.indexLines()].filter((line) => line.includes('"superseded":true')),
    ).toHaveLength(2);
    expect({ ...outcome.ledger.archivedCounts() }).toEqual({
      files: 2,
      directories: 1,
      links: 0,
      mediaBytes: 17,
    });
  });

  test('changed and needed by nobody stays as it was read', async () => {
    file('one', 'old');
    const { archived } = await archive([
      () => {
        file('one', 'new and longer');
        return [];
      },
    ]);
    expect(archived).toMatchObject({ 'files/one': 'old' });
  });

  test('gone after the bulk pass is there all the same', async () => {
    file('one');
    const references = [referenceTo('one', { checksum: md5('content of one') })];
    const snapshot = () => {
      rmSync(join(root, 'one'), { force: true });
      return references;
    };
    const outcome = await archive([snapshot], {}, () => references);
    expect(outcome.archived).toMatchObject({ 'files/one': 'content of one' });
    expect([outcome.verdict, outcome.unreadable, reasons(outcome)]).toEqual(['accepted', [], []]);
  });

  test('new after the bulk pass is there', async () => {
    const outcome = await archive([
      () => {
        file('late');
        return [referenceTo('late')];
      },
    ]);
    expect(outcome.archived).toMatchObject({ 'files/late': 'content of late' });
    expect([outcome.verdict, reasons(outcome)]).toEqual(['accepted', []]);
  });

  test('on its way when the snapshot is taken is there after another snapshot', async () => {
    file('old');
    const outcome = await archive([
      // the row knows the new name, the file has the old one still
      () => {
        unlinkSync(join(root, 'old'));
        return [referenceTo('on its way')];
      },
      () => {
        file('new');
        return [referenceTo('new')];
      },
    ]);
    expect(outcome).toMatchObject({ snapshots: 2, verdict: 'accepted' });
    expect(reasons(outcome)).toEqual([]);
    expect(outcome.archived).toMatchObject({ 'files/new': 'content of new' });
    expect(outcome.events.filter(({ type }) => type === 'step').at(-1)).toMatchObject({
      text: 'files moved meanwhile: taking another snapshot',
    });
  });

  test('missing for good is named, without taking snapshot after snapshot', async () => {
    file('one');
    const references = [referenceTo('one'), referenceTo('missing')];
    // known before the bulk pass: the first snapshot says nothing new
    expect((await archive([() => references], {}, () => references)).snapshots).toBe(1);
    rmSync(join(directory, 'archive'));
    const outcome = await archive([() => references]);
    expect(outcome.snapshots).toBe(2);
    expect(reasons(outcome)).toEqual([['missing', 'missing']]);
    expect([outcome.verdict, outcome.unreadable]).toEqual(['accepted', []]);
  });

  test('never to be caught ends after a few snapshots', async () => {
    let number = 0;
    const outcome = await archive([() => [referenceTo(`moving-${number++}`)]]);
    expect(outcome.snapshots).toBe(4);
    expect(reasons(outcome)).toEqual([['moving-3', 'missing']]);
  });

  test('damaged in the source is named and stays as it is', async () => {
    file('one');
    file('two');
    const references = [
      referenceTo('one', { checksum: md5('what it was once') }),
      referenceTo('two', { sizeBytes: 3 }),
    ];
    const outcome = await archive([() => references], {}, () => references);
    expect(reasons(outcome)).toEqual([
      ['one', 'checksum'],
      ['two', 'size'],
    ]);
    expect(outcome.archived).toMatchObject({ 'files/one': 'content of one' });
    expect(outcome.verdict).toBe('accepted');
  });

  test('of a root that is not there is named', async () => {
    const outcome = await archive([() => [referenceTo('x', { root: 'elsewhere' })]]);
    expect(reasons(outcome)).toEqual([['x', 'missing']]);
  });

  test('a directory or a link in truth is named', async () => {
    mkdirSync(join(root, 'directory'));
    symlinkSync('one', join(root, 'link'));
    file('one');
    const outcome = await archive([() => [referenceTo('directory/x'), referenceTo('late')]]);
    expect(reasons(outcome)).toEqual([
      ['directory/x', 'missing'],
      ['late', 'missing'],
    ]);
    expect(outcome.verdict).toBe('accepted');
  });

  test('behind a link to a directory is named: the link is archived as a link', async () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(join(elsewhere, 'deep'), { recursive: true });
    writeFileSync(join(elsewhere, 'deep', 'scan.pdf'), 'x');
    symlinkSync(elsewhere, join(root, 'linked'));
    const outcome = await archive([() => [referenceTo('linked/deep/scan.pdf')]]);
    expect(outcome.verdict).toBe('accepted');
    expect([...outcome.ledger.exceptions()]).toMatchObject([
      {
        path: 'linked/deep/scan.pdf',
        reason: 'unreadable',
        detail: 'the file lies behind a link, and links are not followed',
      },
    ]);
    expect(outcome.archived).toEqual({ files: '/', 'files/linked': `-> ${elsewhere}` });
  });

  test('in a directory that was a link when it was looked for is there with the directory', async () => {
    symlinkSync('elsewhere', join(root, 'a'));
    const outcome = await archive([
      () => {
        rmSync(join(root, 'a'));
        file('a/one');
        return [referenceTo('a/one')];
      },
    ]);
    expect(outcome.archived).toEqual({
      files: '/',
      'files/a': '/',
      'files/a/one': 'content of a/one',
    });
    expect([outcome.verdict, reasons(outcome)]).toEqual(['accepted', []]);
    expect({ ...outcome.ledger.archivedCounts() }).toMatchObject({
      files: 1,
      directories: 2,
      links: 0,
    });
  });
});

describe('what is not wanted', () => {
  test('by rule or by the user is not read, although rows name it', async () => {
    file('one');
    file('thumbs/deep/one.webp');
    file('cache/one');
    file('lock');
    const derived = (path: string) => referenceTo(path, { class: 'derived', role: 'thumbnail' });
    const references = [
      referenceTo('one'),
      derived('thumbs/deep/one.webp'),
      derived('thumbs/deep/late.webp'),
      derived('cache/one'),
      derived('lock'),
    ];
    const outcome = await archive(
      [
        () => {
          file('thumbs/deep/late.webp');
          return references;
        },
      ],
      { excludeClasses: ['derived'] },
    );
    expect(outcome.archived).toEqual({ files: '/', 'files/one': 'content of one' });
    // the user knows: no exception for each thumbnail, and nothing of it in the counts
    expect([reasons(outcome), outcome.unreadable]).toEqual([[], []]);
    expect(outcome.ledger.counts()).toMatchObject({ references: 1, essentialExceptions: 0 });
    expect(outcome.snapshots).toBe(1);
    expect(outcome.verdict).toBe('accepted');
    expect(
      sorted(
        outcome.exclusions.list().map(({ path, class: kind, reason }) => [path, kind, reason]),
      ),
    ).toEqual([
      ['cache/', 'derived', 'made again'],
      ['lock', 'ephemeral', 'a lock of files'],
      ['thumbs/', 'derived', '--exclude-class derived'],
    ]);
  });

  test('by rule, although it is essential, is named', async () => {
    file('lock');
    file('cache/deep/paper');
    const outcome = await archive([() => [referenceTo('lock'), referenceTo('cache/deep/paper')]]);
    expect(outcome.archived).toEqual({ files: '/' });
    const detail = 'the file is left out by a rule, although a row needs it';
    expect([...outcome.ledger.exceptions()]).toMatchObject([
      { path: 'cache/deep/paper', reason: 'unreadable', detail },
      { path: 'lock', reason: 'unreadable', detail },
    ]);
    expect([outcome.verdict, outcome.unreadable]).toEqual(['accepted', []]);
  });

  test('because it is the database is not read, through links too', async () => {
    const links = join(directory, 'links');
    mkdirSync(links);
    symlinkSync(root, join(links, 'data'));
    for (const name of ['db.sqlite3', 'db.sqlite3-wal', 'deep/other.sqlite3', 'one']) file(name);
    const databaseFiles = [
      'db.sqlite3',
      'db.sqlite3-wal',
      'db.sqlite3-shm',
      'deep/other.sqlite3',
    ].map((name) => join(links, 'data', name));
    const instance = instanceOf([rootOf(join(links, 'data'))]);
    const { roots } = existingRoots(instance);
    expect(roots[0]!.directory).toBe(root);
    for (const files of [
      databaseFiles,
      databaseFiles.map((path) => path.replace(join(links, 'data'), root)),
    ]) {
      const { archived } = await archive([() => []], { instance, roots, databaseFiles: files });
      expect(Object.keys(archived).toSorted()).toEqual(['files', 'files/deep', 'files/one']);
      rmSync(join(directory, 'archive'));
    }
  });
});

describe('what cannot be read', () => {
  function asNobody<Result>(action: () => Promise<Result>): Promise<Result> {
    if (process.getuid!() !== 0) return action();
    for (const path of [directory, root]) chmodSync(path, 0o777);
    process.seteuid!(65_534);
    return action().finally(() => process.seteuid!(0));
  }

  test('is told, and the rest is archived', async () => {
    file('good');
    file('closed');
    file('needed');
    file('closed directory/x');
    for (const name of ['closed', 'needed', 'closed directory']) chmodSync(join(root, name), 0);
    const outcome = await asNobody(() =>
      archive([() => [referenceTo('good'), referenceTo('needed')]]),
    );
    chmodSync(join(root, 'closed directory'), 0o755);
    expect(outcome.archived).toEqual({
      files: '/',
      'files/closed directory': '/',
      'files/good': 'content of good',
    });
    expect(outcome.unreadable).toEqual([
      "files: 'closed directory' cannot be read (EACCES)",
      "files: 'closed' cannot be read (EACCES)",
    ]);
    expect(reasons(outcome)).toEqual([['needed', 'unreadable']]);
    expect(outcome.verdict).toBe('accepted');
  });

  test('because it never stands still is told', async () => {
    file('restless', 'x'.repeat(6 << 20));
    // changed whenever it has been looked at
    failOnDisk('fstatSync', 'never', {
      when: () => {
        appendFileSync(join(root, 'restless'), 'x');
        return false;
      },
    });
    const outcome = await archive([() => []]);
    expect(outcome.unreadable).toEqual(["files: 'restless' changed each time it was read"]);
    expect(outcome.verdict).toBe('accepted');
  });

  test('because its directory went and came again while files were read does no harm', async () => {
    file('a/one');
    file('b/two');
    let gone = false;
    // the directory is gone at the moment it is archived, and back for its file
    failOnDisk('lstatSync', 'ENOENT', {
      when: (path) => {
        if (gone || !String(path).endsWith('root/a') || events < 2) return false;
        gone = true;
        return true;
      },
    });
    let events = 0;
    const outcome = await archive([() => [referenceTo('a/one'), referenceTo('b/two')]], {
      onEvent: () => void events++,
    });
    expect(gone).toBe(true);
    expect(outcome.verdict).toBe('accepted');
    expect(outcome.archived).toMatchObject({
      'files/a/one': 'content of a/one',
      'files/b/two': 'content of b/two',
    });
  });

  test('for another reason than that it went is told, not thrown', async () => {
    file('good');
    mkdirSync(join(root, 'a'));
    symlinkSync('good', join(root, 'l'));
    failOnDisk('readlinkSync', 'EIO');
    const outcome = await archive([() => [referenceTo('good')]]);
    expect(outcome.verdict).toBe('accepted');
    expect(outcome.unreadable).toEqual(["files: 'l' cannot be read (EIO)"]);
  });

  test('because it is another thing now is left out', async () => {
    file('good');
    symlinkSync('good', join(root, 'gone'));
    symlinkSync('good', join(root, 'file now'));
    failOnDisk('readlinkSync', 'ENOENT', { when: (path) => String(path).endsWith('gone') });
    failOnDisk('readlinkSync', 'EINVAL', { when: (path) => String(path).endsWith('file now') });
    const outcome = await archive([() => []]);
    expect(outcome).toMatchObject({ verdict: 'accepted', unreadable: [] });
  });
});

test('an interruption ends it between the steps', async () => {
  file('one');
  for (const phase of ['scan', 'media']) {
    const controller = new AbortController();
    const onEvent = (event: VerbEvent) => {
      if (event.type === 'step' && event.phase === phase) controller.abort();
    };
    const error = await rejection(archive([() => []], { onEvent, signal: controller.signal }));
    expect(error.code).toBe('interrupted');
    if (existsSync(join(directory, 'archive.partial'))) rmSync(join(directory, 'archive.partial'));
  }
  expect(readdirSync(directory)).toEqual(['root']);
});

describe('roots', () => {
  test('that exist are found with links resolved, missing ones are told when they may be missing', () => {
    symlinkSync(root, join(directory, 'link'));
    const missing = { ...rootOf(join(directory, 'missing'), 'data'), required: false };
    const found = existingRoots(instanceOf([rootOf(join(directory, 'link')), missing]));
    expect(found).toEqual({ roots: [rootOf(root)], missing: [missing] });
  });

  test.each([
    ['is missing', 'missing', 'media-root-missing'],
    ['is a file', 'file', 'media-root-missing'],
    ['leads nowhere', 'dangling', 'media-root-missing'],
  ])('of which a required one %s are refused', (_, name, code) => {
    writeFileSync(join(directory, 'file'), '');
    symlinkSync('nowhere', join(directory, 'dangling'));
    const error = caught(() => existingRoots(instanceOf([rootOf(join(directory, name))])));
    expect([error.code, error.message]).toEqual([
      code,
      `the files root '${join(directory, name)}' (the test) is no directory`,
    ]);
  });

  test('that this user may not look at are refused as that', () => {
    failOnDisk('realpathSync', 'EACCES');
    const error = caught(() => existingRoots(instanceOf([rootOf(root)])));
    expect([error.code, error.message]).toEqual([
      'source-unreadable',
      `cannot look at the files root '${root}'`,
    ]);
  });
});
