// The proof of a backup: what the rows need against what went into the archive. Everything here is about the notes alone.

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../test/assemble-archive.ts';
import { sorted } from '../../test/sorted.ts';
import { writtenEntry } from '../../test/written-entry.ts';
import type { FileReference } from '../adapter.ts';
import type { WrittenEntry } from '../archive/writer.ts';
import { BackupLedger } from './ledger.ts';

let ledger: BackupLedger;
beforeEach(() => {
  ledger = new BackupLedger();
  onTestFinished(() => ledger.close());
});

function find(
  path: string | Buffer,
  more: Partial<Parameters<BackupLedger['addFound']>[0]> = {},
): void {
  ledger.addFound({
    root: 'files',
    path: Buffer.from(path),
    kind: 'file',
    size: 10,
    mtimeNs: '5.000000000',
    ...more,
  });
}

function archive(path: string | Buffer, more: Partial<WrittenEntry> = {}): void {
  ledger.addArchived(
    'files',
    Buffer.from(path),
    writtenEntry(Buffer.concat([Buffer.from('media/files/'), Buffer.from(path)]), more),
  );
}

function need(path: string, more: Partial<FileReference> = {}): void {
  ledger.addReference({
    root: 'files',
    path,
    role: 'original',
    class: 'essential',
    documentId: '1',
    documentTitle: 'a title',
    checksum: null,
    sizeBytes: null,
    ...more,
  });
}

const contentOf = (path: string) => `content of media/files/${path}`;
const md5Of = (text: string) => createHash('md5').update(text).digest('hex');
const paths = (files: Iterable<{ path: Buffer }>) =>
  [...files].map(({ path }) => path.toString('latin1'));

describe('files that were found', () => {
  test('are planned by the bytes of their paths, per root, directories before what is in them', () => {
    for (const path of ['b', 'a/b', 'a', 'a-b', 'a/', 'A', ''])
      find(path, path === 'a' ? { kind: 'directory' } : {});
    find(Buffer.from([0xff]));
    find('other', { root: 'data' });
    expect(paths(ledger.plan('files'))).toEqual(['', 'A', 'a', 'a-b', 'a/', 'a/b', 'b', '\xff']);
    expect(paths(ledger.plan('data'))).toEqual(['other']);
    expect(paths(ledger.plan('missing'))).toEqual([]);
  });

  test('are planned as they were found, with MD5 where a row wants it', () => {
    find('a', { size: 7, mtimeNs: '5.000000001' });
    find('b');
    need('a', { checksum: { algorithm: 'md5', value: 'x' } });
    need('a');
    need('b', { checksum: { algorithm: 'sha256', value: 'x' } });
    expect([...ledger.plan('files')]).toEqual([
      {
        root: 'files',
        path: Buffer.from('a'),
        kind: 'file',
        size: 7,
        mtimeNs: '5.000000001',
        md5: true,
      },
      {
        root: 'files',
        path: Buffer.from('b'),
        kind: 'file',
        size: 10,
        mtimeNs: '5.000000000',
        md5: false,
      },
    ]);
  });

  test('are counted once, files only', () => {
    expect(ledger.totals()).toEqual({ files: 0, bytes: 0 });
    find('a', { size: 7 });
    find('a', { size: 8 });
    find('b', { size: 9 });
    find('d', { kind: 'directory', size: 0 });
    find('l', { kind: 'link', size: 0 });
    expect({ ...ledger.totals() }).toEqual({ files: 2, bytes: 17 });
  });

  test('can be noted while they are read', () => {
    for (let number = 0; number < 100; number++) find(`file-${number}`);
    for (const { path } of ledger.plan('files')) archive(path.toString());
    expect(ledger.entryCount).toBe(100);
  });
});

describe('the index', () => {
  test('has a line per entry in the order they came, other entries too', () => {
    archive('a');
    ledger.addEntry(writtenEntry('database/schema.json'));
    archive('b', { failure: 'EACCES' });
    archive(Buffer.from([0xff]));
    const lines = [...ledger.indexLines()];
    expect(
      lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1),
    ).toBe(true);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { path: 'media/files/a', sha256: sha256('content of media/files/a') },
      { path: 'database/schema.json' },
      { pathBase64: Buffer.from('media/files/\xff', 'latin1').toString('base64') },
    ]);
    expect(ledger.entryCount).toBe(3);
  });

  const states = () =>
    [...ledger.indexLines()].map(
      (line) => (JSON.parse(line) as { superseded?: boolean }).superseded ?? false,
    );

  test('marks what a later reading superseded', () => {
    archive('a', { size: 1 });
    archive('b');
    archive('a', { size: 2 });
    archive('a', { size: 3 });
    expect(states()).toEqual([true, false, true, false]);
    expect({ ...ledger.archivedCounts() }).toMatchObject({ files: 0 });
    for (const path of ['a', 'b']) find(path);
    expect({ ...ledger.archivedCounts() }).toEqual({
      files: 2,
      directories: 0,
      links: 0,
      mediaBytes: 3 + contentOf('b').length,
    });
  });

  test('keeps what was read first when the second reading failed', () => {
    archive('a');
    archive('a', { failure: 'ENOENT', size: 0, sha256: '' });
    need('a', { checksum: { algorithm: 'sha256', value: sha256(contentOf('a')) } });
    expect(states()).toEqual([false]);
    expect([...ledger.exceptions()]).toEqual([]);
  });

  test('keeps a good state when a second reading gave none that the file ever had', () => {
    archive('a');
    archive('a', { changed: true, size: 99 });
    need('a', { sizeBytes: contentOf('a').length });
    expect(states()).toEqual([false, true]);
    expect([...ledger.exceptions()]).toEqual([]);
  });

  test('takes the second reading when the first gave no good state', () => {
    archive('a', { changed: true, size: 99 });
    archive('a', { changed: true, size: 98 });
    archive('a');
    need('a', { sizeBytes: contentOf('a').length });
    expect(states()).toEqual([true, true, false]);
    expect([...ledger.exceptions()]).toEqual([]);
  });

  test('takes a file that could be read at last', () => {
    archive('a', { failure: 'EACCES' });
    archive('a');
    need('a');
    expect(states()).toEqual([false]);
    expect([...ledger.exceptions()]).toEqual([]);
  });
});

describe('a reference', () => {
  const detail = () => [...ledger.exceptions()].map(({ reason, detail: text }) => [reason, text]);
  const right = { size: contentOf('a').length, md5: md5Of(contentOf('a')) };

  test.each<[string, Partial<FileReference>]>([
    ['that records nothing', {}],
    ['that records the size', { sizeBytes: right.size }],
    ['that records SHA-256', { checksum: { algorithm: 'sha256', value: sha256(contentOf('a')) } }],
    [
      'that records SHA-256 in capitals',
      { checksum: { algorithm: 'sha256', value: sha256(contentOf('a')).toUpperCase() } },
    ],
    ['that records MD5', { checksum: { algorithm: 'md5', value: right.md5 } }],
    [
      'that records size and MD5',
      { sizeBytes: right.size, checksum: { algorithm: 'md5', value: right.md5 } },
    ],
  ])('%s is satisfied by the file', (_, more) => {
    archive('a', right);
    need('a', more);
    expect(ledger.unsatisfiedDigest()).toBe('');
    expect([paths(ledger.unsatisfied()), detail()]).toEqual([[], []]);
  });

  test.each<[string, Partial<WrittenEntry> | undefined, Partial<FileReference>, string, string]>([
    ['to nothing', undefined, {}, 'missing', 'the file does not exist'],
    ['to a file that went', { failure: 'ENOENT' }, {}, 'missing', 'the file does not exist'],
    [
      'to a file whose directory went',
      { failure: 'ENOTDIR' },
      {},
      'missing',
      'the file does not exist',
    ],
    [
      'to a file that is closed',
      { failure: 'EACCES' },
      {},
      'unreadable',
      'the file cannot be read (EACCES)',
    ],
    [
      'to a file that became a directory',
      { failure: 'NOTREG' },
      {},
      'unreadable',
      'the file cannot be read (NOTREG)',
    ],
    [
      'to a file that never stood still',
      { changed: true },
      {},
      'unreadable',
      'the file changed each time it was read',
    ],
    [
      'with another size',
      right,
      { sizeBytes: 5 },
      'size',
      `${right.size} bytes, the application recorded 5`,
    ],
    [
      'with another size and checksum',
      right,
      { sizeBytes: 5, checksum: { algorithm: 'md5', value: 'ab' } },
      'size',
      `${right.size} bytes, the application recorded 5`,
    ],
    [
      'with another MD5',
      right,
      { checksum: { algorithm: 'md5', value: 'ab' } },
      'checksum',
      `md5 is ${right.md5}, the application recorded ab`,
    ],
    [
      'with another SHA-256',
      right,
      { checksum: { algorithm: 'sha256', value: 'AB' } },
      'checksum',
      `sha256 is ${sha256(contentOf('a'))}, the application recorded ab`,
    ],
    [
      'with an empty checksum',
      right,
      { checksum: { algorithm: 'md5', value: '' } },
      'checksum',
      `md5 is ${right.md5}, the application recorded `,
    ],
  ])('%s is an exception', (_, entry, more, reason, text) => {
    if (entry) archive('a', entry);
    need('a', { role: 'original', documentId: '7', documentTitle: 'seven', ...more });
    expect([...ledger.exceptions()]).toEqual([
      {
        reason,
        detail: text,
        class: 'essential',
        role: 'original',
        documentId: '7',
        documentTitle: 'seven',
        root: 'files',
        path: 'a',
      },
    ]);
    expect(paths(ledger.unsatisfied())).toEqual(['a']);
    expect(ledger.unsatisfiedDigest()).not.toBe('');
  });

  test('wants MD5 when any row wants it, whatever the others want', () => {
    // a document and its version may name the same file, one with a checksum and one without
    for (const reverse of [false, true]) {
      const kinds: FileReference['checksum'][] = [
        { algorithm: 'md5', value: right.md5 },
        { algorithm: 'sha256', value: sha256(contentOf('a')) },
        null,
      ];
      ledger.clearReferences();
      for (const checksum of reverse ? kinds.toReversed() : kinds) need('a', { checksum });
      expect([...ledger.unsatisfied()]).toMatchObject([
        { root: 'files', path: Buffer.from('a'), md5: true },
      ]);
      expect([...ledger.unsatisfied()]).toHaveLength(1);
    }
    archive('a', right);
    expect([...ledger.unsatisfied()]).toEqual([]);
    expect([...ledger.neededAndArchived()]).toEqual([
      {
        root: 'files',
        path: Buffer.from('a'),
        size: right.size,
        mtime: '1700000000.000000000',
        md5: true,
      },
    ]);
    // also when the one with MD5 is satisfied already
    need('a', { sizeBytes: 1 });
    expect([...ledger.unsatisfied()]).toMatchObject([
      { root: 'files', path: Buffer.from('a'), md5: true },
    ]);
    expect([...ledger.unsatisfied()]).toHaveLength(1);
  });

  test('to the same path of another root is another file', () => {
    archive('a', right);
    need('a', { root: 'data' });
    expect(detail()).toEqual([['missing', 'the file does not exist']]);
  });

  test('is forgotten with its snapshot', () => {
    need('a');
    ledger.clearReferences();
    expect([ledger.unsatisfiedDigest(), detail(), ledger.counts().references]).toEqual(['', [], 0]);
  });

  test('is listed by the number of its document', () => {
    for (const documentId of ['10', '9', null, '2', 'b', 'a'])
      need(`file ${documentId}`, { documentId });
    need('file 2', { documentId: '2', role: 'archive' });
    expect([...ledger.exceptions()].map(({ documentId, role }) => `${documentId} ${role}`)).toEqual(
      [
        'null original',
        'a original',
        'b original',
        '2 archive',
        '2 original',
        '9 original',
        '10 original',
      ],
    );
  });
});

test('the set of what is open has one value, whatever the order and the reasons', () => {
  need('a');
  need('b', { sizeBytes: 5 });
  archive('b', { size: 6 });
  const before = ledger.unsatisfiedDigest();
  ledger.clearReferences();
  need('b', { sizeBytes: 7 });
  need('b');
  need('a');
  expect(ledger.unsatisfiedDigest()).toBe(before);
  need('c');
  expect(ledger.unsatisfiedDigest()).not.toBe(before);
  // two sets whose names written one behind the other are the same
  ledger.clearReferences();
  need('ab');
  const one = ledger.unsatisfiedDigest();
  ledger.clearReferences();
  need('a');
  need('b');
  expect(ledger.unsatisfiedDigest()).not.toBe(one);
});

test('counts are those of the proof', () => {
  for (const path of ['a', 'b', 'orphan', 'thumbnail']) {
    find(path);
    archive(path);
  }
  find('d', { kind: 'directory' });
  archive('d', { type: 'directory', size: 0 });
  find('closed');
  archive('closed', { failure: 'EACCES', size: 0 });
  find('l', { kind: 'link' });
  archive('l', { type: 'link', size: 0 });
  // below a root of which no row names a file, nothing is an orphan
  find('script', { root: 'data' });
  ledger.addArchived('data', Buffer.from('script'), writtenEntry('media/data/script'));
  need('a', { documentId: '1', checksum: { algorithm: 'sha256', value: sha256(contentOf('a')) } });
  need('b', { documentId: '2', sizeBytes: 1 });
  need('missing', { documentId: '2' });
  need('gone', { documentId: '3', class: 'derived' });
  need('lost', { documentId: null });
  need('thumbnail', { class: 'derived' });
  expect(ledger.counts()).toEqual({
    references: 6,
    referencesWithChecksum: 1,
    incompleteDocuments: 1,
    essentialExceptions: 3,
    unreferencedFiles: 2,
  });
  expect(paths(ledger.unreferenced())).toEqual(['l', 'orphan']);
  const script = 'content of media/data/script'.length;
  const mediaBytes = ['a', 'b', 'orphan', 'thumbnail'].reduce(
    (sum, path) => sum + contentOf(path).length,
    script,
  );
  expect({ ...ledger.archivedCounts() }).toEqual({
    files: 5,
    directories: 1,
    links: 1,
    mediaBytes,
  });
});

describe('files that no row needs', () => {
  test('and that could not be read are told, unless they went', () => {
    archive('closed', { failure: 'EACCES' });
    archive('restless', { changed: true });
    archive('gone', { failure: 'ENOENT' });
    archive('needed', { failure: 'EACCES' });
    archive('good');
    need('needed');
    expect(
      sorted(
        [...ledger.unreadable()].map(({ root, path, failure }) => [root, path.toString(), failure]),
      ),
    ).toEqual([
      ['files', 'closed', 'EACCES'],
      ['files', 'restless', 'changed'],
    ]);
  });

  test('but that changed while they were read are to be read again, with MD5 only for those who want it', () => {
    archive('a', { changed: true });
    archive('b', { changed: true });
    archive('c');
    need('a', { checksum: { algorithm: 'md5', value: 'x' } });
    expect([...ledger.changedWhileRead()].map(({ path, md5 }) => [path.toString(), md5])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });
});

test('a file is archived when it can be taken out', () => {
  archive('a');
  archive('b', { failure: 'EACCES' });
  expect(ledger.isArchived('files', 'a')).toBe(true);
  expect(ledger.isArchived('files', Buffer.from('a'))).toBe(true);
  expect(ledger.isArchived('files', 'b')).toBe(false);
  expect(ledger.isArchived('data', 'a')).toBe(false);
});
