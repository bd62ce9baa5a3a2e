import type { ExtractResult } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { createPaint } from '../paint.ts';
import { drawExtract } from './extract-page.ts';

const paint = createPaint(false);
const context = { stdout: paint, stderr: paint, elapsedMs: 1000 };
const file = { source: 'media/a/1.pdf', documentId: '1', sizeBytes: 2048, sha256: '' };

const result: ExtractResult = {
  archive: '/backup/a.tar.zst',
  to: '/tmp/found',
  files: Array.from({ length: 25 }, (_, number) => ({ ...file, path: `/tmp/found/${number}.pdf` })),
  counts: { files: 25, bytes: 25 * 2048, missing: 1, skippedLinks: 1 },
  missing: [{ source: 'media/a/2.pdf', documentId: '1' }],
  skippedLinks: ['media/a/link'],
  exitCode: 3,
};

test('paths on stdout, what is not there as alarms', () => {
  const { stdout, stderr, alarms } = drawExtract(result, context);
  expect(stdout).toHaveLength(21);
  expect([stdout[0], stdout[20]]).toEqual(['/tmp/found/0.pdf', '  and 5 more']);
  expect(stderr).toEqual(['25 files, 50.0 KiB, proved']);
  expect(alarms).toEqual(['not in the archive: media/a/2.pdf', 'a link, left out: media/a/link']);
});

test('the content of a file has stdout for itself', () => {
  const one = { ...result, to: '-', files: [{ ...file, path: '-' }] };
  expect(drawExtract(one, context).stdout).toEqual([]);
});
