// An archive by the word that the user has for it.

import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { assembleArchive, archiveId } from '../test/assemble-archive.ts';
import { rejection } from '../test/caught.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { openNamedArchive } from './named-archive.ts';

test('a path is taken from the working directory', async () => {
  const path = assembleArchive(scratchDirectory(), {});
  const workingDirectory = dirname(path);
  const opened = await openNamedArchive({ archive: basename(path), workingDirectory });
  expect(opened.name).toBe(path);
  expect(opened.storedBytes).toBe(readFileSync(path).length);
  expect(opened.reader.manifest().archiveId).toBe(archiveId);
  await opened.close();
});

test('- is standard input', async () => {
  const path = assembleArchive(scratchDirectory(), {});
  const stdin = Readable.from([readFileSync(path)]);
  const opened = await openNamedArchive({ archive: '-', workingDirectory: '/', stdin });
  expect([opened.name, opened.reader.seal.archiveId]).toEqual(['-', archiveId]);
  await opened.close();
});

test('standard input that is not there is a wrong usage', async () => {
  const error = await rejection(openNamedArchive({ archive: '-', workingDirectory: '/' }));
  expect(error.code).toBe('usage');
});

test('what is no archive is refused', async () => {
  const stdin = Readable.from(['no archive']);
  const error = await rejection(openNamedArchive({ archive: '-', workingDirectory: '/', stdin }));
  expect(error.code).toBe('not-an-archive');
});
