// The beginning of a damaged archive still says what it was; files of others say nothing.

import { readFileSync, truncateSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { assembleArchive, manifest, manifestPart, withParts } from '../../test/assemble-archive.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { unprovedManifest } from './unproved-manifest.ts';

test.each(['zstd', 'gzip', 'none'] as const)(
  'a cut archive (%s) says what it was',
  async (codec) => {
    const content = Buffer.alloc(100_000, 'content ');
    const part = { path: 'media/files/large', content, newFrame: true };
    const path = assembleArchive(scratchDirectory(), { codec, parts: withParts(part) });
    expect(await unprovedManifest(readFileSync(path))).toEqual(manifest);
    truncateSync(path, Math.floor(readFileSync(path).length * 0.8));
    expect(await unprovedManifest(readFileSync(path))).toEqual(manifest);
  },
);

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('This is no archive. '.repeat(100))],
  ['a gzip file', gzipSync('This is no archive. '.repeat(100))],
  ['zeros', Buffer.alloc(8192)],
])('%s says nothing', async (_what, bytes) => {
  expect(await unprovedManifest(bytes)).toBeUndefined();
});

test('a manifest of something else says nothing', async () => {
  const foreign = { ...manifestPart, content: '{"format":"another"}' };
  const parts = withParts().map((part) => (part === manifestPart ? foreign : part));
  const path = assembleArchive(scratchDirectory(), { parts });
  expect(await unprovedManifest(readFileSync(path))).toBeUndefined();
});
