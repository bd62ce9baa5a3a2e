// An archive in a file: exact bytes, and errors that tell a cut file from a failing disk.

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { FileSource, readExactly } from './file-source.ts';
import { openThreadSource } from './thread-source.ts';

function fileOf(content: string): FileSource {
  const path = join(scratchDirectory(), 'file');
  writeFileSync(path, content);
  const source = new FileSource(path);
  onTestFinished(() => source.close());
  return source;
}

test('gives the bytes of a place, here and for a thread', () => {
  const source = fileOf('some content');
  for (const each of [source, openThreadSource(source.forThread().data)]) {
    expect(each.sizeBytes).toBe(12);
    expect(each.read(5, 3).toString()).toBe('con');
    expect(each.read(12, 0).length).toBe(0);
    expect(caught(() => each.read(10, 3)).code).toBe('archive-damaged');
  }
});

test('tells errors of the disk from damage', () => {
  const fd = openSync(scratchDirectory(), 'r');
  onTestFinished(() => closeSync(fd));
  const error = caught(() => readExactly(fd, 0, 1));
  expect([error.code, error.message]).toEqual(['source-unreadable', 'cannot read the archive']);
  expect((error.cause as { code: string }).code).toBe('EISDIR');
});
