// The lock: one owner at a time among processes, gone with its owner however that ended, and no file left behind.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { takeLock } from './lock.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

const script = (name: string) => new URL(`../../test/${name}.ts`, import.meta.url).pathname;

describe('a lock', () => {
  test('refuses the second who asks, at once, and is free after it was released', () => {
    const directory = scratchDirectory();
    const path = join(directory, 'lock');
    const lock = takeLock(path, "'/srv/media'");
    const error = caught(() => takeLock(path, "'/srv/media'"));
    expect([error.code, error.message]).toEqual([
      'locked',
      "another dms-backup is working on '/srv/media'",
    ]);
    // the refusal took nothing away
    expect(caught(() => takeLock(path, 'x')).code).toBe('locked');
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
    takeLock(path, 'x').release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('can be released twice without taking it from the next owner', () => {
    const path = join(scratchDirectory(), 'lock');
    const first = takeLock(path, 'x');
    first.release();
    const second = takeLock(path, 'x');
    first.release();
    expect(existsSync(path)).toBe(true);
    expect(caught(() => takeLock(path, 'x')).code).toBe('locked');
    second.release();
  });

  test('is taken over a file that a killed owner left', () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, 'lock'), '');
    takeLock(join(directory, 'lock'), 'x').release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('of another process is respected, and free at once when that is killed', async () => {
    const path = join(scratchDirectory(), 'lock');
    const owner = spawn(process.execPath, [script('lock-forever'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void owner.kill('SIGKILL'));
    await once(owner.stdout, 'data');
    expect(caught(() => takeLock(path, 'x')).code).toBe('locked');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(existsSync(path)).toBe(true);
    const lock = takeLock(path, 'x');
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  test('still holds against others after this process asked for it twice', () => {
    const path = join(scratchDirectory(), 'lock');
    const tryIt = () =>
      execFileSync(process.execPath, [script('lock-try'), path], { encoding: 'utf8' });
    const lock = takeLock(path, 'x');
    expect(tryIt()).toBe('locked');
    expect(caught(() => takeLock(path, 'x')).code).toBe('locked');
    expect(tryIt()).toBe('locked');
    lock.release();
    expect(tryIt()).toBe('taken');
  });

  test('is never in two hands, although its file is removed and made anew each time', async () => {
    const path = join(scratchDirectory(), 'lock');
    const found = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, [script('lock-often'), path, '300'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const text = Buffer.concat(await child.stdout.toArray()).toString();
        return JSON.parse(text) as { taken: number; collisions: number };
      }),
    );
    expect(found).toEqual(Array.from({ length: 4 }, () => ({ taken: 300, collisions: 0 })));
    expect(existsSync(path)).toBe(false);
  });
});

describe('a place for the lock', () => {
  test('that is not there is no lock of another', () => {
    const error = caught(() => takeLock(join(scratchDirectory(), 'missing', 'lock'), 'x'));
    expect([error.code, error.message]).toEqual([
      'destination-unwritable',
      expect.stringContaining('(ENOENT)'),
    ]);
  });

  test('that is taken by a directory is no lock of another', () => {
    const path = join(scratchDirectory(), 'lock');
    mkdirSync(path);
    expect(caught(() => takeLock(path, 'x')).code).toBe('destination-unwritable');
  });

  test('that is taken by a file of something else is no lock of another', () => {
    const path = join(scratchDirectory(), 'lock');
    writeFileSync(path, 'This is no database. '.repeat(100));
    expect(caught(() => takeLock(path, 'x')).code).toBe('destination-unwritable');
    expect(existsSync(path)).toBe(true);
  });

  test('on a full disk is told', () => {
    failOnDisk('openSync', 'ENOSPC');
    expect(caught(() => takeLock(join(scratchDirectory(), 'lock'), 'x')).code).toBe('no-space');
  });
});
