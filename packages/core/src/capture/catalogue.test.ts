// The catalogue and the tree: every document once, names that every system takes, links that lead to the file.

import { posix } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { instanceOf, noDatabase, referenceTo, shoebox } from '../../test/shoebox.ts';
import { writtenEntry } from '../../test/written-entry.ts';
import type { CatalogueDocument } from '../adapter.ts';
import { parseIndexLine, toIndexEntry } from '../archive/index-entry.ts';
import { ArchiveWriter } from '../archive/writer.ts';
import type { WrittenEntry } from '../archive/writer.ts';
import type { Sink } from '../io/sink.ts';
import { archiveCatalogue, archiveExceptions, safeName } from './catalogue.ts';
import { BackupLedger } from './ledger.ts';

let ledger: BackupLedger;
let writer: ArchiveWriter;
let entries: WrittenEntry[];
let bytes: Buffer[];
beforeEach(() => {
  ledger = new BackupLedger();
  entries = [];
  bytes = [];
  const sink: Sink = {
    write: (each) => Promise.resolve(void bytes.push(Buffer.from(each))),
    commit: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
  writer = new ArchiveWriter({ sink, codec: 'none', level: 0, threads: 1 });
  onTestFinished(async () => {
    await writer.discard();
    ledger.close();
  });
});

const note = (entry: WrittenEntry) => void entries.push(entry);
const has = (...paths: readonly string[]) => {
  for (const path of paths)
    ledger.addArchived('files', Buffer.from(path), writtenEntry(`media/files/${path}`));
};

function documentOf(
  title: string,
  more: Partial<CatalogueDocument> = {},
  path = 'a.pdf',
): CatalogueDocument {
  return {
    id: '1',
    title,
    created: null,
    added: null,
    modified: null,
    owner: 'anna',
    correspondent: null,
    documentType: null,
    tags: [],
    folder: [],
    trashed: false,
    documentVersions: [
      { id: '1', label: null, files: [{ role: 'original', root: 'files', path }] },
    ],
    extra: {},
    ...more,
  };
}

async function archive(...documents: readonly unknown[]): Promise<number> {
  const adapter = shoebox({
    async *documents() {
      for (const each of documents) yield await Promise.resolve(each as CatalogueDocument);
    },
  });
  return await archiveCatalogue(
    { adapter, instance: instanceOf([]), database: noDatabase },
    ledger,
    writer,
    note,
  );
}

const links = () =>
  entries
    .filter(({ type }) => type === 'link')
    .map(({ path, link }) => `${path.toString()} -> ${link!.toString()}`);

/** Content of an entry, from the uncompressed stream. */
function contentOf(path: string): string {
  const entry = entries.find((each) => each.path.toString() === path)!;
  return Buffer.concat(bytes).toString('utf8', entry.offset + 512, entry.offset + 512 + entry.size);
}

describe('the catalogue', () => {
  test('has a line per document, as the adapter gave it', async () => {
    const documents = [
      documentOf('one'),
      documentOf('two ü\n', { id: '2', tags: ['x'], extra: { pages: 7 } }),
    ];
    expect(await archive(...documents)).toBe(2);
    const lines = contentOf('catalogue/documents.jsonl').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(documents);
  });

  test('of nothing is empty', async () => {
    expect(await archive()).toBe(0);
    expect(entries.map(({ path, size }) => [path.toString(), size])).toEqual([
      ['catalogue/documents.jsonl', 0],
    ]);
  });

  test('refuses a document that is none', async () => {
    const error = await rejection(archive(documentOf('one'), { ...documentOf('two'), id: 2 }));
    expect([error.code, error.message]).toEqual([
      'adapter-invalid',
      "adapter 'shoebox' returned something else than `documents` promises (id: invalid_type)",
    ]);
  });
});

describe('the tree', () => {
  test('has a link to the file of each document, by owner and folder', async () => {
    has('a.pdf', 'deep/b.PDF');
    await archive(
      documentOf('one'),
      documentOf('two', { owner: null, folder: ['bills', '2026'] }, 'deep/b.PDF'),
      documentOf('', { id: '7' }),
    );
    expect(links()).toEqual([
      'tree/anna/one.pdf -> ../../media/files/a.pdf',
      'tree/no owner/bills/2026/two.PDF -> ../../../../media/files/deep/b.PDF',
      'tree/anna/document 7.pdf -> ../../media/files/a.pdf',
    ]);
  });

  test('shows the newest version, and of it the first file that is in the archive', async () => {
    has('old.pdf', 'new.txt');
    const files = [
      { role: 'pdfaCopy', root: 'files', path: 'missing.pdf' },
      { role: 'original', root: 'files', path: 'new.txt' },
    ];
    const versions = [
      { id: '1', label: null, files: [{ role: 'original', root: 'files', path: 'old.pdf' }] },
      { id: '2', label: null, files },
    ];
    await archive(documentOf('x', { documentVersions: versions }));
    expect(links()).toEqual(['tree/anna/x.txt -> ../../media/files/new.txt']);
  });

  test('has no link for a document without a file', async () => {
    ledger.addArchived(
      'files',
      Buffer.from('a.pdf'),
      writtenEntry('media/files/a.pdf', { failure: 'EACCES' }),
    );
    await archive(documentOf('x'), documentOf('y', { documentVersions: [] }));
    expect(links()).toEqual([]);
  });

  test('numbers what would collide, also by case', async () => {
    has('a.pdf');
    await archive(
      documentOf('x'),
      documentOf('X'),
      documentOf('x'),
      documentOf('y', { owner: 'ANNA' }),
    );
    expect(links().map((link) => link.split(' -> ')[0])).toEqual([
      'tree/anna/x.pdf',
      'tree/anna/X (2).pdf',
      'tree/anna/x (3).pdf',
      'tree/ANNA (2)/y.pdf',
    ]);
  });

  test.each([
    ['a.tar.gz', '.gz'],
    ['a', ''],
    ['.hidden', ''],
    ['a.', ''],
    ['a.with space', ''],
    ['a.ü', ''],
    ['a.abcdefghijk', ''],
    ['d.pdf/a', ''],
  ])('takes from %s the extension %o', async (path, extension) => {
    has(path);
    await archive(documentOf('x', {}, path));
    expect(links()[0]!.split(' -> ')[0]).toBe(`tree/anna/x${extension}`);
  });

  test.each([
    ['invoice.pdf', 'a.pdf', 'invoice.pdf'],
    ['INVOICE.PDF', 'a.pdf', 'INVOICE.pdf'],
    ['.pdf', 'a.pdf', '_pdf.pdf'],
    ['notes.v2', 'a.pdf', 'notes.v2.pdf'],
    ['plain', 'a', 'plain'],
  ])('a title %s of the file %s is %s', async (title, path, name) => {
    has(path);
    await archive(documentOf(title, {}, path));
    expect(links()[0]!.split(' -> ')[0]).toBe(`tree/anna/${name}`);
  });

  test('leaves folders out that no system takes, and links that would be too long', async () => {
    const far = `${'d/'.repeat(2000)}x`;
    has('a.pdf', far);
    await archive(
      documentOf('deep', { folder: Array.from({ length: 40 }, () => 'x'.repeat(250)) }),
      documentOf('short', { folder: Array.from({ length: 5000 }, () => 'x') }),
      documentOf('far', { folder: Array.from({ length: 100 }, () => 'x') }, far),
      documentOf('near', {}, far),
    );
    await writer.drain();
    const made = entries.filter(({ type }) => type === 'link');
    expect(made.map(({ path }) => posix.basename(path.toString()))).toEqual([
      'deep.pdf',
      'short.pdf',
      'near',
    ]);
    for (const entry of made)
      expect(() => parseIndexLine(JSON.stringify(toIndexEntry(entry)))).not.toThrow();
    expect(made[0]!.path.toString()).toBe(`tree/anna/${`${'x'.repeat(200)}/`.repeat(9)}deep.pdf`);
  });

  test('is one that the reader takes, whatever the documents are called', async () => {
    has('a.pdf', 'a/../b', '../c', 'deep/d.pdf');
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom(
        '',
        '.',
        '..',
        '/',
        '../../etc',
        'CON',
        'a\0b',
        '\ud800',
        '\u202egnp.exe',
        'ü'.repeat(200),
        ' . ',
        '...',
      ),
    );
    const documents = fc.sample(
      fc.record({ title: name, owner: fc.option(name), folder: fc.array(name, { maxLength: 40 }) }),
      { numRuns: 200, seed: 7 },
    );
    await archive(
      ...documents.map(({ title, owner, folder }) => documentOf(title, { owner, folder })),
    );
    await writer.drain();
    expect(entries.filter(({ type }) => type === 'link')).toHaveLength(200);
    for (const entry of entries) {
      const read = parseIndexLine(JSON.stringify(toIndexEntry(entry)));
      if (!read.linkBytes) continue;
      const path = read.pathBytes.toString();
      expect(path.startsWith('tree/')).toBe(true);
      expect(posix.join(posix.dirname(path), read.linkBytes.toString())).toBe('media/files/a.pdf');
    }
  });
});

describe('a name', () => {
  test.each([
    ['Invoice 7/2026', 'Invoice 7_2026'],
    ['a\\b:c*d?e"f<g>h|i', 'a_b_c_d_e_f_g_h_i'],
    ['..', '_'],
    ['.hidden', '_hidden'],
    ['  x  ', '_x_'],
    ['x.', 'x_'],
    ['a\u0000b\u001fc\u007fd\u009fe', 'a_b_c_d_e'],
    ['\u202egnp.exe', '_gnp.exe'],
    ['', '_'],
    ['\ud800x', '\ufffdx'],
    ['Größe 文件 😀', 'Größe 文件 😀'],
  ])('%o becomes %o', (text, name) => {
    expect(safeName(text)).toBe(name);
  });

  test('is cut between characters', () => {
    expect(safeName('x'.repeat(201))).toBe('x'.repeat(200));
    expect(safeName('x'.repeat(199) + 'ü')).toBe('x'.repeat(199));
    expect(safeName('😀'.repeat(60))).toBe('😀'.repeat(50));
  });

  test('is one part of a path, of at most 200 bytes, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 250 }), (text) => {
        const name = safeName(text);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
        expect(name).not.toMatch(/^$|^\.|[/\0]/);
        expect(safeName(name)).toBe(name.replaceAll(/[. ]+$/g, '_'));
      }),
    );
  });
});

describe('exceptions', () => {
  test('are written all, and the first are handed back for the seal', async () => {
    for (let number = 1; number <= 5; number++)
      ledger.addReference(referenceTo(`missing-${number}`, { documentId: String(number) }));
    const found = await archiveExceptions(ledger, writer, note, 2);
    expect(found.count).toBe(5);
    expect(found.first.map(({ documentId }) => documentId)).toEqual(['1', '2']);
    const lines = contentOf('catalogue/exceptions.jsonl').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual(
      [1, 2, 3, 4, 5].map((number) => `missing-${number}`),
    );
  });

  test('that are none give an empty file', async () => {
    expect(await archiveExceptions(ledger, writer, note, 2)).toEqual({ count: 0, first: [] });
    expect(contentOf('catalogue/exceptions.jsonl')).toBe('');
  });
});
