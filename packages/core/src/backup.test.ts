// The verb with an invented application: what the adapter says about destination, name and things elsewhere. What an archive
// holds is tested end to end, in apps/cli.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { instanceOf, referenceTo, rootOf, shoebox } from '../test/shoebox.ts';
import type { Adapter, External, Instance } from './adapter.ts';
import { backup } from './backup.ts';
import { check } from './check.ts';
import type { VerbEvent } from './events.ts';
import { inspect } from './inspect.ts';
import type { BackupOptions, BackupResult } from './verb.ts';

/** Backs up a new installation; `more` is what its configuration says besides. */
async function run(
  more: Partial<Instance>,
  options: Partial<BackupOptions> = {},
  members: Partial<Adapter> = {},
): Promise<{ scratch: string; result: BackupResult }> {
  const scratch = scratchDirectory();
  mkdirSync(join(scratch, 'files'));
  mkdirSync(join(scratch, 'here'));
  writeFileSync(join(scratch, 'files/a'), 'content');
  const database = new DatabaseSync(join(scratch, 'db'));
  database.exec('CREATE TABLE papers (id INTEGER PRIMARY KEY)');
  database.close();
  const instance = instanceOf([rootOf(join(scratch, 'files'))], {
    database: { value: { engine: 'sqlite', path: join(scratch, 'db') }, source: 'the test' },
    ...more,
  });
  const adapter = shoebox({ configure: async () => instance, ...members });
  const result = await backup({
    adapter,
    adapterPackage: { name: 'shoebox', packageVersion: '1.0.0' },
    given: { configFiles: [] },
    environment: {},
    workingDirectory: join(scratch, 'here'),
    compression: 'zstd',
    parts: ['database', 'media'],
    excludeClasses: [],
    dryRun: false,
    ...options,
  });
  return { scratch, result };
}

const said = (value: string) => ({ value, source: 'config.ini' });

test('without a word the archive lies here, under our name', async () => {
  const { scratch, result } = await run({});
  expect(dirname(result.path ?? '')).toBe(join(scratch, 'here'));
  expect(basename(result.path ?? '')).toMatch(/^shoebox-1\.2\.3-\d{8}T\d{6}Z\.tar\.zst$/);
});

test('the application says where its backups are, and what they are called', async () => {
  const place = join(scratchDirectory(), 'of the application');
  const config = { destination: said(place), archiveName: said('%Y-box') };
  const { result } = await run(config);
  expect(result.path).toBe(join(place, `${new Date().getUTCFullYear()}-box.tar.zst`));
});

test('the user wins over the application', async () => {
  const theirs = scratchDirectory();
  const config = { destination: said('/nowhere'), archiveName: said('%Y-box') };
  const named = await run(config, { destination: theirs, filename: 'mine' });
  expect(named.result.path).toBe(join(theirs, 'mine.tar.zst'));
  const file = await run(config, { destination: join(theirs, 'a.tar.zst') });
  expect(file.result.path).toBe(join(theirs, 'a.tar.zst'));
});

const bucket = (number: number): External => ({
  kind: 'bucket',
  name: `s3://${number}`,
  reason: 'scans',
});

async function* buckets(count: number): AsyncGenerator<External> {
  for (let number = 0; number < count; number++) yield bucket(number);
}

test('what lies elsewhere is listed by backup and inspect', async () => {
  const { result } = await run({}, {}, { externals: () => buckets(2) });
  expect(result.externals).toEqual([bucket(0), bucket(1)]);
  const inspected = await inspect({ archive: result.path ?? '', workingDirectory: '/' });
  expect(inspected.externals).toEqual(result.externals);
  expect(result.exitCode).toBe(0);
});

test('very much of it is counted', async () => {
  const { result } = await run({}, {}, { externals: () => buckets(1002) });
  expect(result.externals).toHaveLength(1000);
  expect(result.warnings).toContain('and 2 more things elsewhere that are not listed');
});

test('what is none is refused, and no archive is left', async () => {
  const broken = async function* broken(): AsyncGenerator<External> {
    yield { ...bucket(0), kind: 'S3 Bucket' };
  };
  const destination = scratchDirectory();
  const error = await rejection(run({}, { destination }, { externals: broken }));
  expect([error.code, error.message]).toEqual([
    'adapter-invalid',
    "adapter 'shoebox' returned something else than `externals` promises (kind: invalid_format)",
  ]);
  expect(readdirSync(destination)).toEqual([]);
});

describe('an application that cannot be paused', () => {
  /** Needs `a`. When the snapshot is to be taken, `came` happens; the application is asked for its files a second time then. */
  function restless(
    came: (files: string) => void,
    references: (files: string) => readonly string[],
  ): { members: Partial<Adapter>; onEvent: (event: VerbEvent) => void } {
    let [files, asked] = ['', 0];
    return {
      members: {
        async *references(_, { roots: [root] }) {
          files = root?.directory ?? '';
          yield referenceTo('a');
          if (++asked > 1) yield* references(files).map((path) => referenceTo(path));
        },
      },
      onEvent(event) {
        if (event.type === 'step' && event.phase === 'snapshot' && asked === 1) came(files);
      },
    };
  }

  function file(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'content');
  }

  test('may take a file away as soon as the snapshot is there: it is read by then', async () => {
    const { members, onEvent } = restless(
      (files) => file(join(files, 'new/late')),
      (files) => {
        rmSync(join(files, 'new'), { recursive: true, force: true });
        return ['new/late'];
      },
    );
    const { result } = await run({}, { onEvent }, members);
    expect([result.exitCode, result.proof.references, result.counts.files]).toEqual([0, 2, 2]);
  });

  test('may take a file away with its directory before it is read, when no row needs it', async () => {
    let place = '';
    const { members, onEvent } = restless(
      (files) => {
        place = files;
        for (const name of ['x/one', 'y/two']) file(join(files, name));
      },
      () => [],
    );
    const met = new Set<string>();
    const classify: Adapter['classify'] = (_, path) => {
      // the first one has been found by now
      if (/^[xy]\/./.test(path) && met.add(path).size === 2)
        rmSync(join(place, dirname([...met][0]!)), { recursive: true });
      return { class: 'essential', keep: true };
    };
    const { result } = await run({}, { onEvent }, { ...members, classify });
    expect(met.size).toBe(2);
    expect([result.exitCode, result.warnings, result.counts.files]).toEqual([0, [], 2]);
  });
});

describe('an application that can be paused', () => {
  /** Needs `a`, and what `needs` has by the time. `pause` is what happens when it stands still, `resume` when it goes on. */
  function busy(
    pause: (files: string) => void,
    resume: (files: string) => void = () => undefined,
  ): { members: Partial<Adapter>; story: string[]; needs: string[]; events: VerbEvent[] } {
    const story: string[] = [];
    const needs = ['a'];
    const members: Partial<Adapter> = {
      async quiesce({ roots: [root] }) {
        story.push('pause');
        pause(root?.directory ?? '');
        return async () => {
          story.push('resume');
          resume(root?.directory ?? '');
        };
      },
      async *references() {
        story.push('references');
        yield* needs.map((path) => referenceTo(path));
      },
    };
    return { members, story, needs, events: [] };
  }

  test('is paused for the snapshot and the last files only', async () => {
    const { members, story, events } = busy(() => undefined);
    const onEvent = (event: VerbEvent) => void events.push(event);
    const { result } = await run({}, { onEvent }, members);
    expect(story).toEqual(['references', 'pause', 'resume', 'references']);
    expect([result.exitCode, result.warnings]).toEqual([0, []]);
    const texts = events.flatMap((event) => (event.type === 'step' ? [event.text] : []));
    expect(texts).toContainEqual(
      expect.stringMatching(/^the application was paused for \d\.\d\d s$/),
    );
  });

  test('may take a file away as soon as it goes on', async () => {
    const { members, story, needs } = busy(
      (files) => {
        mkdirSync(join(files, 'new'));
        writeFileSync(join(files, 'new/late'), 'content');
        needs.push('new/late');
      },
      (files) => rmSync(join(files, 'new'), { recursive: true }),
    );
    const { result } = await run({}, {}, members);
    expect(story).toEqual(['references', 'pause', 'resume', 'references']);
    expect([result.exitCode, result.proof.exceptions, result.counts.files]).toEqual([0, 0, 2]);
  });

  test('may want an MD5 of it', async () => {
    const { members, needs } = busy(
      (files) => {
        writeFileSync(join(files, 'late'), '');
        needs.push('late');
      },
      (files) => rmSync(join(files, 'late')),
    );
    const checksum = { algorithm: 'md5', value: 'd41d8cd98f00b204e9800998ecf8427e' } as const;
    const references: Adapter['references'] = async function* references() {
      yield* needs.slice(1).map((path) => referenceTo(path, { checksum }));
    };
    const { result } = await run({}, {}, { ...members, references });
    expect([result.exitCode, result.proof.referencesWithChecksum]).toEqual([0, 1]);
  });

  test('has files that are none of the archive, late ones too', async () => {
    const { members } = busy((files) => {
      mkdirSync(join(files, 'cache'));
      for (const name of ['cache/x', 'lock', 'one']) writeFileSync(join(files, name), '');
    });
    const { result } = await run({}, {}, members);
    expect(result.counts.files).toBe(2);
  });

  test('is backed up all the same when the pause cannot be had', async () => {
    let asked = 0;
    const quiesce = () => {
      asked++;
      return Promise.reject(new Error('no lock'));
    };
    // the missing file makes a second snapshot
    const { members, needs } = busy(() => undefined);
    const references: Adapter['references'] = async function* references() {
      yield* needs.map((path) => referenceTo(path, { documentId: null }));
      needs.push(`missing-${needs.length}`);
    };
    const { result } = await run({}, {}, { ...members, references, quiesce });
    expect(asked).toBe(1);
    expect(result.warnings).toEqual([
      'the application was not paused while its last files were read: no lock',
    ]);
    expect(result.exitCode).toBe(3);
  });

  test('goes on when the backup fails', async () => {
    const { members, story } = busy((files) => rmSync(join(files, '../db')));
    const error = await rejection(run({}, {}, members));
    expect(error.code).toBe('database-not-found');
    expect(story).toEqual(['references', 'pause', 'resume']);
  });

  test('is left alone when no files are wanted, and by a check', async () => {
    const { members, story } = busy(() => undefined);
    await run({}, { parts: ['database'] }, members);
    const scratch = scratchDirectory();
    writeFileSync(join(scratch, 'a'), '');
    new DatabaseSync(join(scratch, 'db')).exec('CREATE TABLE papers (id INTEGER PRIMARY KEY)');
    const instance = instanceOf([rootOf(scratch)], {
      database: { value: { engine: 'sqlite', path: join(scratch, 'db') }, source: 'the test' },
    });
    await check({
      adapter: shoebox({ ...members, configure: async () => instance }),
      adapterPackage: { name: 'shoebox', packageVersion: '1.0.0' },
      given: { configFiles: [] },
      environment: {},
      workingDirectory: scratch,
    });
    expect(story.filter((each) => each !== 'references')).toEqual([]);
  });
});
