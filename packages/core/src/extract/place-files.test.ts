// From far away, and large: only what is needed is read, and a file that lies in many frames comes whole.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assembleArchive, withParts } from '../../test/assemble-archive.ts';
import type { Part } from '../../test/assemble-archive.ts';
import { cataloguePart, documentOf } from '../../test/catalogue-part.ts';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import type { Codec } from '../archive/frame-codec.ts';
import { entryContent } from '../archive/entry-content.ts';
import { openArchive } from '../archive/reader.ts';
import { RemoteSource } from '../source/remote-source.ts';
import { placeFiles } from './place-files.ts';
import { selectFiles } from './select.ts';
import { Selection } from './selection.ts';

const frameBytes = 1_000_000;

async function takeFromAfar(
  parts: readonly Part[],
  choice: { paths?: string[]; documents?: string[] },
  codec: Codec = 'zstd',
) {
  const file = readFileSync(assembleArchive(scratchDirectory(), { parts, codec }));
  const storage = {
    sizeBytes: file.length,
    given: 0,
    read: (position: number, lengthBytes: number) => {
      storage.given += lengthBytes;
      return Promise.resolve(Buffer.from(file.subarray(position, position + lengthBytes)));
    },
  };
  const reader = await openArchive(new RemoteSource('far away', storage));
  onTestFinished(() => reader.close());
  const selection = new Selection();
  onTestFinished(() => selection.close());
  await selectFiles(reader, selection, { paths: [], documents: [], allVersions: false, ...choice });
  const to = join(scratchDirectory(), 'to');
  await placeFiles(reader, selection, to, {
    bytes: selection.totals.bytes,
    onDone: () => undefined,
  });
  return { to, given: storage.given, fileBytes: file.length, reader, selection };
}

test('one document of a large archive: no frame is read that has nothing of it', async () => {
  const contents = Array.from({ length: 40 }, () => randomBytes(frameBytes));
  const { to, given, fileBytes } = await takeFromAfar(
    withParts(
      ...contents.map((content, id) => ({ path: `media/files/${id}`, content, newFrame: true })),
      { ...cataloguePart(...contents.map((_, id) => documentOf(String(id)))), newFrame: true },
    ),
    { documents: ['17'] },
  );
  expect(readFileSync(join(to, 'Paper 17')).equals(contents[17]!)).toBe(true);
  expect(fileBytes).toBeGreaterThan(40 * frameBytes);
  // the frame, and blocks of 256 KiB at the beginning and the end
  expect(given).toBeLessThan(3 * frameBytes);
});

test.for(['zstd', 'gzip', 'none'] as const)(
  '%s: what lies between neighbours is passed over',
  async (codec) => {
    const contents = Array.from({ length: 600 }, (_, id) => Buffer.from(`content ${id}`));
    const { to } = await takeFromAfar(
      withParts(
        ...contents.map((content, id) => ({
          path: `media/files/${id % 3}-${id}`,
          content,
          newFrame: id % 100 === 0,
        })),
      ),
      {
        paths: [...contents.keys()].filter((id) => id % 3 === 1).map((id) => `media/files/1-${id}`),
      },
      codec,
    );
    for (const id of contents.keys())
      if (id % 3 === 1)
        expect(readFileSync(join(to, `media/files/1-${id}`), 'utf8')).toBe(`content ${id}`);
  },
);

test('a stream gives the content that was sealed', async () => {
  const content = randomBytes(3 * frameBytes);
  const { reader, selection } = await takeFromAfar(
    withParts({ path: 'media/files/x', content, newFrame: true }),
    { paths: ['media/files/x'] },
  );
  const [only] = [...selection.files('position')];
  const pieces: Buffer[] = [];
  for await (const piece of entryContent(reader, only!.entry)) pieces.push(Buffer.from(piece));
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

test('stops in the middle of a large file, and leaves nothing', async () => {
  const content = randomBytes(12 * frameBytes);
  const parts = withParts({ path: 'media/files/x', content });
  const file = readFileSync(assembleArchive(scratchDirectory(), { parts, codec: 'none' }));
  const controller = new AbortController();
  let isWriting = false;
  const read = (position: number, lengthBytes: number): Promise<Buffer> => {
    if (isWriting) controller.abort();
    return Promise.resolve(Buffer.from(file.subarray(position, position + lengthBytes)));
  };
  const reader = await openArchive(new RemoteSource('far', { sizeBytes: file.length, read }));
  onTestFinished(() => reader.close());
  const selection = new Selection();
  onTestFinished(() => selection.close());
  const choice = { paths: ['media/files/x'], documents: [], allVersions: false };
  await selectFiles(reader, selection, choice);
  isWriting = true;
  const to = join(scratchDirectory(), 'to');
  const placed = placeFiles(reader, selection, to, {
    bytes: content.length,
    onDone: () => undefined,
    signal: controller.signal,
  });
  expect((await rejection(placed)).code).toBe('interrupted');
  expect(existsSync(to)).toBe(false);
});
