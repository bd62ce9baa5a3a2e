// A stream becomes a file without a name, which leaves nothing behind, also when the stream fails.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { spoolStream } from './spooled-source.ts';

let directory: string;
beforeEach(() => {
  directory = scratchDirectory();
  vi.stubEnv('TMPDIR', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('is copied whole, and has no name that a kill would leave', async () => {
  const content = Buffer.alloc(3 << 20, 'content');
  const stream = Readable.from([content.subarray(0, 1000), content.subarray(1000)]);
  const source = await spoolStream('-', stream);
  expect(readdirSync(directory)).toEqual([]);
  expect([source.name, source.sizeBytes]).toEqual(['-', content.length]);
  expect(source.read(0, content.length).equals(content)).toBe(true);
  source.close();
});

test('that fails is told', async () => {
  const stream = new Readable({
    read() {
      this.destroy(new Error('the line was cut'));
    },
  });
  const error = await rejection(spoolStream('-', stream));
  expect([error.code, (error.cause as Error).message]).toEqual([
    'source-unreadable',
    'the line was cut',
  ]);
});

test('that is interrupted is told', async () => {
  const controller = new AbortController();
  const stream = new PassThrough();
  stream.write('some');
  const found = rejection(spoolStream('-', stream, controller.signal));
  controller.abort();
  expect((await found).code).toBe('interrupted');
  expect(readdirSync(directory)).toEqual([]);
});

test('cannot be copied where there is no temporary directory', async () => {
  vi.stubEnv('TMPDIR', join(directory, 'missing'));
  const error = await rejection(spoolStream('-', Readable.from(['x'])));
  expect(error.code).toBe('destination-unwritable');
});
