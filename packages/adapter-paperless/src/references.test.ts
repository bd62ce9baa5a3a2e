import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseReader } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { instanceAt, list, smallDatabase } from '../test/small-database.ts';
import { checksumOf, references } from './references.ts';

const media = mkdtempSync(join(tmpdir(), 'paperless-media-'));
afterAll(() => rmSync(media, { recursive: true, force: true }));
mkdirSync(join(media, 'documents/thumbnails'), { recursive: true });

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const instance = instanceAt(media);

const of = (database: DatabaseReader, settings = {}) =>
  list(references(database, instanceAt(media, settings)));
const pathsOf = async (database: DatabaseReader) =>
  (await of(database)).map(({ role, path }) => `${role} ${path}`);

test('original, PDF/A copy and preview of a row', async () => {
  const database = smallDatabase('2.20', [
    {
      id: 7,
      filename: '2021/x.png',
      mime_type: 'image/png',
      archive_filename: '2021/x_01.pdf',
      archive_checksum: sha256,
    },
  ]);
  const common = { root: 'media', documentId: '7', documentTitle: 'Title 7', sizeBytes: null };
  expect(await of(database)).toEqual([
    {
      ...common,
      role: 'original',
      path: 'documents/originals/2021/x.png',
      class: 'essential',
      checksum: { algorithm: 'md5', value: md5 },
    },
    {
      ...common,
      role: 'pdfaCopy',
      path: 'documents/archive/2021/x_01.pdf',
      class: 'essential',
      checksum: { algorithm: 'sha256', value: sha256 },
    },
    {
      ...common,
      role: 'thumbnail',
      path: 'documents/thumbnails/0000007.webp',
      class: 'derived',
      checksum: null,
    },
  ]);
});

test('a PDF/A copy exists if and only if the row names one', async () => {
  const database = smallDatabase('2.20', [
    { id: 1, filename: 'a.pdf', archive_checksum: md5 },
    { id: 2, filename: 'b.pdf', archive_filename: 'b.pdf' },
  ]);
  const copies = (await of(database)).filter(({ role }) => role === 'pdfaCopy');
  expect(copies).toMatchObject([{ path: 'documents/archive/b.pdf', checksum: null }]);
});

test('a row without a name has its default name', async () => {
  const database = smallDatabase('2.20', [
    { id: 12, filename: null, mime_type: 'image/jpeg' },
    { id: 13, filename: '' },
  ]);
  expect((await pathsOf(database)).filter((each) => each.startsWith('original'))).toEqual([
    'original documents/originals/0000012.jpg',
    'original documents/originals/0000013.pdf',
  ]);
});

test('encrypted rows: no comparable checksum, names with .gpg', async () => {
  const row = {
    id: 20,
    filename: null,
    storage_type: 'gpg',
    archive_filename: 'x.pdf.gpg',
    archive_checksum: md5,
  };
  const database = smallDatabase('2.20', [row], { tables: { documents_customfield: [] } });
  const found = await of(database);
  expect(found.map(({ path, checksum }) => [path, checksum])).toEqual([
    ['documents/originals/0000020.pdf.gpg', null],
    ['documents/archive/x.pdf.gpg', null],
    ['documents/thumbnails/0000020.webp.gpg', null],
  ]);
});

describe('preview names by release', () => {
  const since1_17 = '1037_webp_encrypted_thumbnail_conversion';
  const rows = [
    { id: 1, filename: 'a.pdf' },
    { id: 2, filename: 'b.pdf.gpg', storage_type: 'gpg' },
  ];
  const previews = async (release: '1.7' | '1.9' | '2.20', ...migrations: string[]) =>
    (await pathsOf(smallDatabase(release, rows, { migrations })))
      .filter((each) => each.startsWith('thumbnail'))
      .map((each) => each.replace('thumbnail documents/thumbnails/', ''));

  test('1.7: PNG', async () => {
    expect(await previews('1.7')).toEqual(['0000001.png', '0000002.png.gpg']);
  });
  test('1.8 - 1.16: WebP, encrypted ones not yet', async () => {
    expect(await previews('1.9')).toEqual(['0000001.webp', '0000002.png.gpg']);
  });
  test('1.8 - 1.16: an encrypted one that was made anew', async () => {
    writeFileSync(join(media, 'documents/thumbnails/0000002.webp.gpg'), '');
    expect(await previews('1.9')).toEqual(['0000001.webp', '0000002.webp.gpg']);
    rmSync(join(media, 'documents/thumbnails/0000002.webp.gpg'));
  });
  test('1.17: WebP', async () => {
    expect(await previews('1.9', since1_17)).toEqual(['0000001.webp', '0000002.webp.gpg']);
  });
  test('2.x, also without the migrations table', async () => {
    const database = smallDatabase('2.20', rows, { tables: { documents_customfield: [] } });
    const has: DatabaseReader['has'] = (table, ...columns) =>
      table !== 'django_migrations' && database.has(table, ...columns);
    expect(await pathsOf({ ...database, has })).toContain(
      'thumbnail documents/thumbnails/0000002.webp.gpg',
    );
  });
  test('a PNG that lingers beside it does not matter', async () => {
    writeFileSync(join(media, 'documents/thumbnails/0000001.png'), '');
    expect(await previews('1.9', since1_17)).toEqual(['0000001.webp', '0000002.webp.gpg']);
  });
});

test('versions of 3.0 belong to their document; a version without one stands for itself', async () => {
  const database = smallDatabase('3.0', [
    { id: 30, title: 'Root', filename: 'a.pdf', checksum: sha256 },
    { id: 31, filename: 'a_v1.pdf', root_document_id: 30, version_index: 1, checksum: sha256 },
    { id: 33, filename: 'lost.pdf', root_document_id: 99, checksum: sha256 },
    { id: 34, filename: 'nested.pdf', root_document_id: 31, checksum: sha256 },
  ]);
  const originals = (await of(database)).filter(({ role }) => role === 'original');
  expect(
    originals.map(({ path, documentId, documentTitle }) => [path, documentId, documentTitle]),
  ).toEqual([
    ['documents/originals/a.pdf', '30', 'Root'],
    ['documents/originals/a_v1.pdf', '30', 'Root'],
    ['documents/originals/lost.pdf', '33', 'Title 33'],
    ['documents/originals/nested.pdf', '34', 'Title 34'],
  ]);
});

test('names that lead elsewhere stay visible and are never followed', async () => {
  const database = smallDatabase('2.20', [
    { id: 1, filename: '../../../../etc/passwd' },
    { id: 2, filename: '/etc/shadow' },
    { id: 3, filename: 'x.pdf', archive_filename: '' },
  ]);
  expect((await pathsOf(database)).filter((each) => !each.startsWith('thumbnail'))).toEqual([
    'original documents/originals/(..)/(..)/(..)/(..)/etc/passwd',
    'original documents/originals/etc/shadow',
    'original documents/originals/x.pdf',
    'pdfaCopy documents/archive/(no name)',
  ]);
});

test.each([
  [md5, { algorithm: 'md5', value: md5 }],
  [md5.toUpperCase(), { algorithm: 'md5', value: md5 }],
  [sha256, { algorithm: 'sha256', value: sha256 }],
  ['', null],
  [null, null],
  [md5.slice(1), null],
  ['z'.repeat(32), null],
])('checksum %s', (value, expected) => expect(checksumOf(value)).toEqual(expected));

test('share link bundles: only those that are ready and have a file below their directory', async () => {
  const bundle = (
    id: number,
    status: string,
    file_path: string,
    size_bytes: number | null = null,
  ) => ({ id, status, file_path, size_bytes });
  const database = smallDatabase('3.0', [], {
    tables: {
      documents_sharelinkbundle: [
        bundle(1, 'ready', 'abc.zip', 1048),
        bundle(2, 'failed', ''),
        bundle(3, 'ready', ''),
        bundle(4, 'ready', '/etc/passwd'),
        bundle(5, 'ready', '../originals/x.pdf'),
        bundle(6, 'pending', 'later.zip'),
        bundle(7, 'ready', 'deep/x.zip', -1),
      ],
    },
  });
  const found = await of(database);
  expect(
    found.map(({ path, class: kind, sizeBytes, documentId }) => [
      path,
      kind,
      sizeBytes,
      documentId,
    ]),
  ).toEqual([
    ['documents/share_link_bundles/abc.zip', 'derived', 1048, null],
    ['documents/share_link_bundles/deep/x.zip', 'derived', null, null],
  ]);
});

describe('the logo', () => {
  const withLogo = (app_logo: string | null) =>
    smallDatabase('2.20', [], {
      tables: { paperless_applicationconfiguration: [{ id: 1, app_logo }] },
    });
  const logoOf = async (app_logo: string | null, setting?: string) =>
    (
      await of(withLogo(app_logo), setting === undefined ? {} : { PAPERLESS_APP_LOGO: setting })
    ).map(({ path }) => path);

  test('uploaded, configured, both, none', async () => {
    expect(await logoOf('logo/x.svg')).toEqual(['logo/x.svg']);
    expect(await logoOf('/logo/x.svg')).toEqual(['logo/x.svg']);
    expect(await logoOf(null, '/brand/y.png')).toEqual(['brand/y.png']);
    expect(await logoOf('logo/x.svg', '/brand/y.png')).toEqual(['logo/x.svg']);
    expect(await logoOf('')).toEqual([]);
    expect(await logoOf('../../x.svg')).toEqual([]);
  });

  test('a database from before 2.4 has none', async () => {
    const database = smallDatabase('2.10', [], {
      tables: { paperless_applicationconfiguration: [{ id: 1, language: 'deu' }] },
    });
    expect(await of(database)).toEqual([]);
  });
});

test('every release since 1.7 can be read, and a database of something else gives nothing', async () => {
  for (const release of ['1.7', '1.9', '1.14', '2.10', '2.20', '3.0'] as const) {
    const found = await of(smallDatabase(release, [{ id: 1, filename: 'a.pdf' }]));
    expect(
      found.map(({ role }) => role),
      release,
    ).toEqual(['original', 'thumbnail']);
  }
  const other = smallDatabase('3.0', []);
  expect(await list(references({ ...other, has: () => false }, instance))).toEqual([]);
});
