import { expect, test } from 'vitest';
import { list, smallDatabase } from '../test/small-database.ts';
import { inspectRows } from './row-findings.ts';

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';

test('sound rows give nothing', async () => {
  const rows = [
    { id: 1, filename: 'a.pdf' },
    { id: 2, filename: null, archive_filename: 'b.pdf', archive_checksum: md5 },
  ];
  expect(await list(inspectRows(smallDatabase('2.20', rows)))).toEqual([]);
});

test('what the product’s checker finds in rows, and more', async () => {
  const rows = [
    { id: 1, filename: 'a.pdf', archive_checksum: md5 },
    { id: 2, filename: 'b.pdf', archive_filename: 'b.pdf' },
    { id: 3, filename: 'c.pdf', content: '' },
    { id: 4, filename: '../../../x.pdf' },
    { id: 5, filename: 'e.pdf', checksum: 'abc' },
    { id: 6, filename: 'f.pdf.gpg', storage_type: 'gpg', checksum: 'abc' },
    { id: 7, filename: 'g.pdf', archive_filename: '/abs.pdf', archive_checksum: 'x' },
  ];
  const found = await list(inspectRows(smallDatabase('2.20', rows)));
  expect(
    found.map(({ documentId, level, reason, path }) => [documentId, level, reason, path]),
  ).toEqual([
    ['1', 'error', 'incomplete-row', null],
    ['2', 'error', 'incomplete-row', 'documents/archive/b.pdf'],
    ['3', 'info', 'no-text', null],
    ['4', 'error', 'unsafe-name', 'documents/originals/(..)/(..)/(..)/x.pdf'],
    ['5', 'warning', 'checksum-format', null],
    ['6', 'info', 'encrypted', null],
    ['7', 'error', 'unsafe-name', 'documents/archive/abs.pdf'],
    ['7', 'warning', 'checksum-format', null],
  ]);
  expect(found[0]).toMatchObject({
    documentTitle: 'Title 1',
    text: expect.stringContaining('archive_filename'),
  });
});

test('findings of a version are those of its document', async () => {
  const rows = [
    { id: 30, title: 'Root', filename: 'a.pdf' },
    { id: 31, filename: 'b.pdf', root_document_id: 30, content: null },
  ];
  expect(await list(inspectRows(smallDatabase('3.0', rows)))).toMatchObject([
    { documentId: '30', documentTitle: 'Root', reason: 'no-text' },
  ]);
});
