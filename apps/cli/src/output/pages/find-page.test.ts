import type { FindOptions } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { createPaint } from '../paint.ts';
import { drawFind, foundLines } from './find-page.ts';

const paint = createPaint(false);
const context = { stdout: paint, stderr: paint, elapsedMs: 1000 };

const document: Parameters<FindOptions['onFound']>[0] = {
  type: 'document',
  id: '4711',
  title: 'Invoice',
  created: '2024-03-15T10:00:00Z',
  added: null,
  modified: null,
  owner: 'anna',
  correspondent: 'Acme',
  documentType: null,
  tags: ['tax', 'paid'],
  folder: ['Home', 'Contracts'],
  trashed: true,
  files: [
    { version: '1', isCurrent: false, role: 'original', path: 'media/a/1.pdf', sizeBytes: 10 },
    { version: '2', isCurrent: true, role: 'original', path: 'media/a/2.pdf', sizeBytes: 2048 },
    { version: '2', isCurrent: true, role: 'pdfaCopy', path: 'media/b/2.pdf', sizeBytes: null },
  ],
};

test('a document, its current files, and that there are older ones', () => {
  expect(foundLines(document, paint)).toEqual([
    '4711  Invoice  (2024-03-15; Acme; Home/Contracts; #tax #paid; of anna; in the trash)',
    '    media/a/2.pdf (2.0 KiB)',
    '    media/b/2.pdf (not in the archive)',
    '    and 1 older version',
  ]);
});

test('how many there are, and how to get one', () => {
  const result = {
    archive: '/backup/my archive.tar.zst',
    app: 'paperless-ngx',
    createdAt: '2026-11-21T03:15:00Z',
    documents: 4812,
    found: 3,
    exitCode: 0,
  } as const;
  expect(drawFind(result, context, { files: false })).toEqual({
    stdout: [],
    stderr: [
      '3 of 4,812 documents (paperless-ngx, 2026-11-21 03:15:00 UTC)',
      "to get one: dms-backup extract '/backup/my archive.tar.zst' --document ID",
    ],
  });
  expect(drawFind({ ...result, found: 0 }, context, { files: true }).stderr).toEqual([
    '0 files (paperless-ngx, 2026-11-21 03:15:00 UTC)',
  ]);
});
