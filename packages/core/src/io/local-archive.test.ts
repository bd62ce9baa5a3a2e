// Standard input becomes a private file that goes when it is not needed, also when the input fails.

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { localArchive } from './local-archive.ts';

let directory: string;
beforeEach(() => {
  directory = scratchDirectory();
  vi.stubEnv('TMPDIR', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const fromStdin = (stdin: NodeJS.ReadableStream, signal?: AbortSignal) =>
  localArchive({ archive: '-', workingDirectory: '/', stdin, ...(signal && { signal }) });

describe('a path', () => {
  test('is taken from the working directory and left alone', async () => {
    const found = await localArchive({ archive: 'a.tar', workingDirectory: '/srv' });
    expect([found.path, found.name]).toEqual(['/srv/a.tar', '/srv/a.tar']);
    found.dispose();
    expect((await localArchive({ archive: '/x/a.tar', workingDirectory: '/srv' })).path).toBe(
      '/x/a.tar',
    );
  });
});

describe('standard input', () => {
  test('is copied whole to a private file, which goes when it is disposed of', async () => {
    const content = Buffer.alloc(3 << 20, 'content');
    const found = await fromStdin(
      Readable.from([content.subarray(0, 1000), content.subarray(1000)]),
    );
    expect(found.name).toBe('-');
    expect(readFileSync(found.path).equals(content)).toBe(true);
    expect(statSync(found.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(found.path, '..')).mode & 0o777).toBe(0o700);
    found.dispose();
    expect(existsSync(found.path)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
    expect(() => found.dispose()).not.toThrow();
  });

  test('that is not there is a wrong usage', async () => {
    expect((await rejection(localArchive({ archive: '-', workingDirectory: '/' }))).code).toBe(
      'usage',
    );
  });

  test('that fails leaves nothing', async () => {
    const stdin = new Readable({
      read() {
        this.destroy(new Error('the line was cut'));
      },
    });
    const error = await rejection(fromStdin(stdin));
    expect((error.cause as Error).message).toBe('the line was cut');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('that is interrupted leaves nothing', async () => {
    const controller = new AbortController();
    const stdin = new PassThrough();
    stdin.write('some');
    const found = rejection(fromStdin(stdin, controller.signal));
    controller.abort();
    expect((await found).code).toBe('interrupted');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('cannot be copied where there is no temporary directory', async () => {
    vi.stubEnv('TMPDIR', join(directory, 'missing'));
    expect((await rejection(fromStdin(Readable.from(['x'])))).code).toBe('destination-unwritable');
  });
});
