// References, catalogue and findings on built instances: what the fixtures planted comes out, and damaged or hostile rows do no harm.

import { rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { CatalogueDocument, FileReference, RowFinding } from '@dms-backup/core';
import { openDatabase } from '@dms-backup/core/testkit';
import {
  createPapermergeStatements,
  papermergeReleases,
  papermergeTables,
  type PapermergeOptions,
  type PapermergeRelease,
} from '@dms-backup/test-fixtures';
import { afterAll, describe, expect, test } from 'vitest';
import {
  build,
  instanceAt,
  list,
  removeInstances,
  type BuiltInstance,
} from '../test/built-instance.ts';
import { documents } from './documents.ts';
import { references } from './references.ts';
import { inspectRows } from './row-findings.ts';

afterAll(removeInstances);

interface Seen {
  readonly built: BuiltInstance;
  readonly documents: CatalogueDocument[];
  readonly references: FileReference[];
  readonly findings: RowFinding[];
}

/** What the adapter says after `change` was made to the instance. */
async function see(
  options: PapermergeOptions,
  change: (database: DatabaseSync, built: BuiltInstance) => void = () => undefined,
): Promise<Seen> {
  const built = await build(options);
  const database = new DatabaseSync(built.databasePath ?? '');
  change(database, built);
  database.close();
  const instance = instanceAt(built.mediaDirectory);
  const { reader, close } = await openDatabase(built.location);
  try {
    return {
      built,
      documents: await list(documents(reader, instance)),
      references: await list(references(reader, instance)),
      findings: await list(inspectRows(reader, instance)),
    };
  } finally {
    await close();
  }
}

function documentOf({ documents: all }: Seen, title: string): CatalogueDocument {
  const found = all.find((document) => document.title === title);
  if (found === undefined) throw new Error(`no document '${title}'`);
  return found;
}

function pathsOf(document: CatalogueDocument): string[] {
  return document.documentVersions.flatMap(({ files }) => files.map(({ path }) => path));
}

describe.each(papermergeReleases())('%s', (release: PapermergeRelease) => {
  test('the catalogue is what was planted', async () => {
    const seen = await see({ release, traps: true, more: 3 });
    const wanted = seen.built.documents.map(({ id, title, owner, folder, tags }) => ({
      id,
      title,
      owner,
      folder,
      tags,
    }));
    const found = seen.documents.map(({ id, title, owner, folder, tags }) => ({
      id,
      title,
      owner,
      folder,
      tags,
    }));
    const byId = (left: { id: string }, right: { id: string }): number =>
      left.id < right.id ? -1 : 1;
    expect(found.toSorted(byId)).toEqual(wanted.toSorted(byId));
    for (const { id, versions } of seen.built.documents) {
      const document = seen.documents.find((each) => each.id === id)!;
      const stored = versions.flatMap(({ path }) => (path === null ? [] : [path]));
      expect(new Set(pathsOf(document)), id).toEqual(new Set(stored));
    }
  });

  test('references name all files but the left-overs, and findings are no errors', async () => {
    const seen = await see({ release, traps: true });
    const essential = seen.references.filter((reference) => reference.class === 'essential');
    const stored = seen.built.documents.flatMap(({ versions }) =>
      versions.flatMap(({ path }) => (path === null ? [] : [path])),
    );
    expect(new Set(essential.map(({ path }) => path))).toEqual(new Set(stored));
    expect(essential.map(({ path }) => path)).not.toContain(seen.built.orphans[0]);
    expect(seen.references.filter(({ role }) => role === 'ocr').length).toBeGreaterThan(0);
    expect(seen.findings.filter(({ level }) => level !== 'info')).toEqual([]);
  });
});

test('custom fields, document type and metadata', async () => {
  const fields = {
    'field.Shop "ü"': "O'Hara \\ Söhne",
    'field.bezahlt': true,
    'field.Summe €': '1234.56',
  };
  for (const release of ['3.4.1', '3.6.0a16'] as const) {
    const document = documentOf(await see({ release }), 'invoice.pdf');
    expect(document).toMatchObject({ documentType: 'Rechnung', extra: fields });
  }
  const { extra, documentType } = documentOf(await see({ release: '2.0.1' }), 'invoice.pdf');
  expect(extra['metadata.shop']).toBe('lidl');
  expect(documentType).toBeNull();
});

test('a key of metadata that stands there twice keeps both values', async () => {
  const seen = await see({ release: '2.0.1' }, (database) => {
    database.exec(
      "INSERT INTO core_kvstore (id, key, value, kv_inherited, kv_type) VALUES (2, 'shop', 'aldi', 1, 'text'), (3, '', 'no name', 0, 'text')",
    );
    database.exec(
      'INSERT INTO core_kvstorenode SELECT 2, node_id FROM core_kvstorenode WHERE kvstore_ptr_id = 1',
    );
    database.exec(
      'INSERT INTO core_kvstorenode SELECT 3, node_id FROM core_kvstorenode WHERE kvstore_ptr_id = 1',
    );
  });
  expect(documentOf(seen, 'invoice.pdf').extra['metadata.shop']).toBe('lidl; aldi');
});

describe('versions', () => {
  test('2.0: those between exist only on the disk', async () => {
    const title = '😀 receipt';
    const whole = await see({ release: '2.0.1' });
    expect(documentOf(whole, title).documentVersions.map(({ label }) => label)).toEqual([
      '0: Original',
      '1',
      '2',
    ]);
    const withoutMiddle = await see({ release: '2.0.1' }, (_, built) => {
      const { versions } = built.documents.find((each) => each.title === title)!;
      rmSync(join(built.mediaDirectory, versions[1]!.path!));
    });
    expect(pathsOf(documentOf(withoutMiddle, title))).toHaveLength(2);
    const beyond = await see({ release: '2.0.1' }, (database) => {
      database.exec("UPDATE core_document SET version = 1 WHERE file_name = '😀 receipt.pdf'");
    });
    expect(pathsOf(documentOf(beyond, title))).toHaveLength(2);
  });

  test('2.0: upload and current version are needed, whether they are there or not', async () => {
    const seen = await see({ release: '2.0.1' }, (database) => {
      database.exec(
        "UPDATE core_document SET version = 2000000000, size = 0 WHERE file_name = '😀 receipt.pdf'",
      );
    });
    const found = seen.references.filter(
      ({ documentTitle, role }) => documentTitle === '😀 receipt' && role !== 'ocr',
    );
    expect(found.at(-1)?.path).toContain('/v2000000000/');
    expect(found.every((reference) => reference.class === 'essential')).toBe(true);
    expect(found.every(({ sizeBytes }) => sizeBytes === null)).toBe(true);
  });

  test('2.1: two rows for one file give one reference without a size', async () => {
    const seen = await see({ release: '2.1.9', traps: true });
    const found = seen.references.filter(({ documentTitle }) => documentTitle === 'uploaded again');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ class: 'essential', sizeBytes: null });
    expect(documentOf(seen, 'uploaded again').documentVersions).toHaveLength(2);
    expect(seen.findings.map(({ reason }) => reason)).toContain('shared-file');
  });

  test('a row with a size needs its file; one without a size only as far as it is there', async () => {
    const seen = await see({ release: '3.4.1' }, (_, built) => {
      for (const { path } of built.documents.find(({ title }) => title === 'invoice.pdf')!.versions)
        rmSync(join(built.mediaDirectory, path!));
    });
    const found = seen.references.filter(
      ({ documentTitle, role }) => documentTitle === 'invoice.pdf' && role !== 'ocr',
    );
    expect(found.map((reference) => [reference.class, reference.sizeBytes !== null])).toEqual([
      ['essential', true],
      ['derived', false],
    ]);
  });

  test('one that never had a file is no reference, and does not stand for the document', async () => {
    const never = await see({ release: '3.4.1', traps: true });
    expect(documentOf(never, 'never uploaded').documentVersions).toEqual([
      { id: expect.any(String), label: '1: Original', files: [] },
    ]);
    expect(never.references.some(({ documentTitle }) => documentTitle === 'never uploaded')).toBe(
      false,
    );
    expect(never.findings).toContainEqual(
      expect.objectContaining({ level: 'info', reason: 'never-uploaded' }),
    );
    const second = await see({ release: '3.4.1' }, (database) => {
      database.exec(
        "UPDATE document_versions SET file_name = NULL, page_count = 0 WHERE number = 2 AND file_name = 'invoice.pdf'",
      );
    });
    const { documentVersions } = documentOf(second, 'invoice.pdf');
    expect(documentVersions.map(({ files }) => files.length)).toEqual([0, 1]);
  });

  test('none at all', async () => {
    const seen = await see({ release: '3.4.1' }, (database) => {
      database.exec('DELETE FROM document_versions');
    });
    for (const { id, documentVersions } of seen.documents) {
      expect(documentVersions).toEqual([{ id, label: null, files: [] }]);
    }
    expect(seen.findings).toContainEqual(
      expect.objectContaining({ level: 'warning', reason: 'no-version' }),
    );
  });
});

describe('folders and owners', () => {
  test('a loop, a missing parent, a title without text', async () => {
    const seen = await see({ release: '3.4.1' }, (database) => {
      database.exec(
        "UPDATE nodes SET parent_id = id, title = '' WHERE title = 'home' AND ctype = 'folder'",
      );
      database.exec("UPDATE nodes SET parent_id = 'gone' WHERE title = '-leading dash'");
    });
    const { folder } = documentOf(seen, 'invoice.pdf');
    expect(folder).toHaveLength(2);
    expect(folder[0]).toMatch(/^folder [0-9a-f-]{36}$/);
    expect(documentOf(seen, '-leading dash').folder).toEqual([]);
  });

  test('an owner that is gone', async () => {
    const seen = await see({ release: '3.2.0' }, (database) => {
      database.exec("DELETE FROM core_user WHERE username = 'anna'");
    });
    expect(documentOf(seen, 'invoice.pdf').owner).toBeNull();
  });

  test('3.6: a document that is marked as deleted is in the trash', async () => {
    const seen = await see({ release: '3.6.0a16' }, (database) => {
      database.exec("UPDATE nodes SET deleted_at = '2026-01-01' WHERE title = 'invoice.pdf'");
    });
    expect(documentOf(seen, 'invoice.pdf')).toMatchObject({
      trashed: true,
      folder: ['Trash', 'home', 'Verträge'],
    });
  });

  test('the kind of a node is where it is, not what ctype says', async () => {
    const seen = await see({ release: '2.1.9' }, (database) => {
      database.exec('UPDATE core_basetreenode SET ctype = NULL');
    });
    expect(documentOf(seen, 'invoice.pdf').folder).toEqual(['.home', 'Verträge']);
  });
});

describe('hostile rows', () => {
  test.each([
    ['2.0.1', "UPDATE core_document SET file_name = '../../../../etc/passwd'"],
    ['2.1.9', "UPDATE core_documentversion SET file_name = 'a/../../../b.pdf', size = 5"],
    ['3.4.1', "UPDATE document_versions SET file_name = '..', size = 5"],
    ['3.4.1', "UPDATE document_versions SET file_name = CAST(x'610062' AS text), size = 5"],
    ['2.1.9', "UPDATE core_documentversion SET number = '1/../..', size = 5"],
    ['3.4.1', "UPDATE document_versions SET id = '../' || id, size = 5"],
    ['2.0.1', "UPDATE core_basetreenode SET user_id = '1/../..'"],
  ] as const)('%s: %s', async (release, sql) => {
    const seen = await see({ release }, (database) => database.exec(sql));
    const essential = seen.references.filter(({ role }) => role !== 'ocr');
    expect(essential.length).toBeGreaterThan(0);
    for (const { path, class: weight } of essential) {
      expect(weight).toBe('essential');
      expect(path.split('/')).toContain('(unsafe name)');
      expect(path).not.toMatch(/(?:^|\/)\.{0,2}(?:\/|$)|\0/);
    }
    expect(seen.findings).toContainEqual(
      expect.objectContaining({ level: 'error', reason: 'unsafe-name' }),
    );
  });
});

test('left-over rows of deleted documents are counted, and are no documents', async () => {
  const seen = await see({ release: '3.4.1', traps: true });
  const leftOver = seen.findings.filter(({ reason }) => reason === 'left-over-rows');
  expect(leftOver.map(({ level, documentId }) => [level, documentId])).toEqual([
    ['info', null],
    ['info', null],
  ]);
  expect(seen.documents).toHaveLength(seen.built.documents.length);
});

test('OCR files of documents that are gone, and files beside them, belong to nobody', async () => {
  const stray = 'ocr/pages/ab/cd/abcdabcd-0000-0000-0000-000000000000/page.txt';
  const seen = await see({ release: '3.4.1' }, (_, { mediaDirectory }) => {
    mkdirSync(join(mediaDirectory, dirname(stray)), { recursive: true });
    writeFileSync(join(mediaDirectory, stray), 'text');
  });
  expect(seen.references.map(({ path }) => path)).not.toContain(stray);
});

test('many documents: every one once, in order, over several batches', async () => {
  for (const release of ['2.0.1', '3.4.1'] as const) {
    const seen = await see({ release, more: 2100 });
    expect(seen.documents).toHaveLength(seen.built.documents.length);
    expect(new Set(seen.documents.map(({ id }) => id)).size).toBe(seen.documents.length);
    const beleg = documentOf(seen, 'Beleg 2100');
    expect(pathsOf(beleg)).toHaveLength(1);
  }
});

test('mixed generations: the layout with the living data counts', async () => {
  const statements = createPapermergeStatements(papermergeTables('3.3.1'), 'sqlite');
  const leftOver = await see({ release: '3.2.0' }, (database) => {
    for (const sql of statements) database.exec(sql);
    database.exec("INSERT INTO alembic_version (version_num) VALUES ('f0e0da122a9a')");
  });
  expect(leftOver.documents).toHaveLength(leftOver.built.documents.length);
  expect(leftOver.references.length).toBeGreaterThan(0);
  const older = createPapermergeStatements(papermergeTables('3.2.0'), 'sqlite');
  const moved = await see({ release: '3.3.1' }, (database) => {
    for (const sql of older) database.exec(sql);
  });
  expect(moved.documents).toHaveLength(moved.built.documents.length);
  expect(documentOf(moved, 'invoice.pdf').folder[0]).toBe('home');
});

test('a database of another program has no documents', async () => {
  const built = await build({ release: '3.4.1' });
  const database = new DatabaseSync(built.databasePath ?? '');
  database.exec('DROP TABLE nodes');
  database.close();
  const { reader, close } = await openDatabase(built.location);
  const instance = instanceAt(built.mediaDirectory);
  expect(await list(documents(reader, instance))).toEqual([]);
  expect(await list(references(reader, instance))).toEqual([]);
  expect(await list(inspectRows(reader, instance))).toEqual([]);
  await close();
});
