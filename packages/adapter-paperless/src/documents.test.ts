import { describe, expect, test } from 'vitest';
import { list, smallDatabase, type SchemaRelease } from '../test/small-database.ts';
import { documents } from './documents.ts';

const tables = {
  documents_tag: [
    { id: 1, name: 'zuletzt' },
    { id: 2, name: 'Eingang' },
    { id: 3, name: 'Ärger' },
  ],
  documents_document_tags: [
    { id: 1, document_id: 5, tag_id: 1 },
    { id: 2, document_id: 5, tag_id: 2 },
    { id: 3, document_id: 5, tag_id: 3 },
    { id: 4, document_id: 5, tag_id: 99 },
  ],
  documents_correspondent: [{ id: 4, name: 'Stadtwerke Köln' }],
  documents_documenttype: [{ id: 1, name: 'Rechnung' }],
  documents_storagepath: [{ id: 1, name: 'Nach Jahr' }],
  auth_user: [{ id: 2, username: 'anna' }],
};

test('a document with everything', async () => {
  const row = {
    id: 5,
    title: 'Strom',
    created: '2021-02-03',
    added: '2021-02-04 10:00:00.123456',
    modified: '2021-02-05 10:00:00.123456',
    filename: '2021/x.png',
    mime_type: 'image/png',
    archive_filename: 'x.pdf',
    correspondent_id: 4,
    document_type_id: 1,
    storage_path_id: 1,
    owner_id: 2,
    archive_serial_number: 100,
    original_filename: 'scan 1.png',
    page_count: 3,
  };
  const note = (id: number, deleted_at: string | null) => ({ id, document_id: 5, deleted_at });
  const database = smallDatabase('2.20', [row], {
    tables: { ...tables, documents_note: [note(1, null), note(2, '2026-01-01'), note(3, null)] },
  });
  expect(await list(documents(database))).toEqual([
    {
      id: '5',
      title: 'Strom',
      created: '2021-02-03',
      added: '2021-02-04 10:00:00.123456',
      modified: '2021-02-05 10:00:00.123456',
      owner: 'anna',
      correspondent: 'Stadtwerke Köln',
      documentType: 'Rechnung',
      tags: ['Eingang', 'zuletzt', 'Ärger'],
      folder: ['Stadtwerke Köln'],
      trashed: false,
      documentVersions: [
        {
          id: '5',
          label: null,
          files: [
            { role: 'original', root: 'media', path: 'documents/originals/2021/x.png' },
            { role: 'pdfaCopy', root: 'media', path: 'documents/archive/x.pdf' },
          ],
        },
      ],
      extra: {
        archiveSerialNumber: 100,
        storagePath: 'Nach Jahr',
        mimeType: 'image/png',
        originalFilename: 'scan 1.png',
        pageCount: 3,
        notes: 2,
        encrypted: false,
      },
    },
  ]);
});

test('trashed documents have a folder of their own', async () => {
  const rows = [
    { id: 1, filename: 'a.pdf', deleted_at: '2026-01-01 00:00:00', correspondent_id: 4 },
    { id: 2, filename: 'b.pdf', deleted_at: '2026-01-01 00:00:00' },
    { id: 3, filename: 'c.pdf' },
  ];
  const found = await list(documents(smallDatabase('2.10', rows, { tables })));
  expect(found.map(({ trashed, folder }) => [trashed, folder])).toEqual([
    [true, ['Trash', 'Stadtwerke Köln']],
    [true, ['Trash']],
    [false, []],
  ]);
});

describe('versions of 3.0', () => {
  const rows = [
    { id: 30, filename: 'a.pdf' },
    {
      id: 31,
      filename: 'a_v1.pdf',
      root_document_id: 30,
      version_index: 1,
      version_label: 'signed',
    },
    { id: 32, filename: 'a_v2.pdf', root_document_id: 30, version_index: 2, version_label: '' },
    { id: 40, filename: 'b.pdf', deleted_at: '2026-01-01' },
    {
      id: 41,
      filename: 'b_v1.pdf',
      root_document_id: 40,
      version_index: 1,
      deleted_at: '2026-01-01',
    },
    { id: 50, filename: 'c.pdf' },
    { id: 51, filename: 'c_v1.pdf', root_document_id: 50, version_index: 1 },
    {
      id: 52,
      filename: 'c_v2.pdf',
      root_document_id: 50,
      version_index: 2,
      deleted_at: '2026-01-01',
    },
    { id: 60, filename: 'lost.pdf', root_document_id: 99 },
  ];

  test('oldest first, the current one last, versions in the trash in front', async () => {
    const found = await list(documents(smallDatabase('3.0', rows)));
    expect(
      found.map(({ id, documentVersions }) => [id, documentVersions.map((each) => each.id)]),
    ).toEqual([
      ['30', ['30', '31', '32']],
      ['40', ['40', '41']],
      ['50', ['52', '50', '51']],
      ['60', ['60']],
    ]);
    expect(found[0]?.documentVersions.map(({ label }) => label)).toEqual([null, 'signed', null]);
  });

  test('notes of a version count for its document', async () => {
    const documents_note = [31, 30, 52, 60].map((document_id, index) => ({
      id: index,
      document_id,
      deleted_at: null,
    }));
    const found = await list(documents(smallDatabase('3.0', rows, { tables: { documents_note } })));
    expect(found.map(({ extra }) => extra['notes'])).toEqual([2, 0, 1, 1]);
  });
});

test('many documents come in batches, in numeric order, with their own tags', async () => {
  const rows = Array.from({ length: 1203 }, (_, index) => ({
    id: index * 2 + 1,
    filename: `${index}.pdf`,
  }));
  const documents_document_tags = rows.map(({ id }) => ({
    id,
    document_id: id,
    tag_id: (id % 3) + 1,
  }));
  const database = smallDatabase('2.20', rows.toReversed(), {
    tables: { ...tables, documents_document_tags },
  });
  const found = await list(documents(database));
  expect(found.map(({ id }) => Number(id))).toEqual(rows.map(({ id }) => id));
  for (const { id, tags } of found) {
    expect(tags).toEqual([tables.documents_tag[Number(id) % 3]!.name]);
  }
});

test('only one query is open at a time', async () => {
  const rows = Array.from({ length: 600 }, (_, index) => ({
    id: index + 1,
    filename: `${index}.pdf`,
  }));
  const database = smallDatabase('3.0', rows, { tables });
  let open = 0;
  const watched = {
    ...database,
    async *query(...all: Parameters<typeof database.query>) {
      open += 1;
      expect(open).toBe(1);
      try {
        yield* database.query(...all);
      } finally {
        open -= 1;
      }
    },
  };
  expect((await list(documents(watched))).length).toBe(600);
});

test('every release since 1.7 can be read', async () => {
  for (const release of ['1.7', '1.9', '1.14', '2.10', '2.20', '3.0'] satisfies SchemaRelease[]) {
    const found = await list(documents(smallDatabase(release, [{ id: 1, filename: 'a.pdf' }])));
    expect(found, release).toMatchObject([
      { id: '1', trashed: false, owner: null, extra: { encrypted: false } },
    ]);
  }
  const comments = { documents_comment: [{ id: 1, document_id: 1 }] };
  const [document] = await list(
    documents(smallDatabase('1.9', [{ id: 1, filename: 'a.pdf' }], { tables: comments })),
  );
  expect(document?.extra['notes']).toBe(1);
});
