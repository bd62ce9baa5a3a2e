// The lock: one owner at a time among processes, gone with its owner however that ended, and no file left behind.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught, rejection } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import type { VerbEvent } from '../events.ts';
import { takeLock, waitForLock } from './lock.ts';

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

describe('a shared lock', () => {
  test('is for many, and keeps out who wants it alone until the last has gone', () => {
    const directory = scratchDirectory();
    const path = join(directory, 'lock');
    const tryIt = (mode: string) =>
      execFileSync(process.execPath, [script('lock-try'), path, mode], { encoding: 'utf8' });
    const [one, other] = [takeLock(path, 'x', 'shared'), takeLock(path, 'x', 'shared')];
    expect(caught(() => takeLock(path, 'x')).code).toBe('locked');
    expect([tryIt('shared'), tryIt('exclusive')]).toEqual(['taken', 'locked']);
    one.release();
    one.release();
    expect(tryIt('exclusive')).toBe('locked');
    other.release();
    expect(readdirSync(directory)).toEqual([]);
    expect(tryIt('exclusive')).toBe('taken');
  });

  test('is refused while one has it alone', () => {
    const path = join(scratchDirectory(), 'lock');
    const lock = takeLock(path, 'x');
    expect(caught(() => takeLock(path, 'x', 'shared')).code).toBe('locked');
    lock.release();
    takeLock(path, 'x', 'shared').release();
  });
});

describe('waiting for a lock', () => {
  test('ends when it is free, with a word about it', async () => {
    const path = join(scratchDirectory(), 'lock');
    const lock = takeLock(path, 'x');
    const events: VerbEvent[] = [];
    const options = { lockTimeoutMs: 60_000, onEvent: (event: VerbEvent) => events.push(event) };
    const waiting = waitForLock(path, "'/srv/media'", 'shared', options);
    setTimeout(() => lock.release(), 800);
    (await waiting).release();
    expect(events).toEqual([
      {
        type: 'step',
        phase: 'lock',
        text: "waiting: another dms-backup is working on '/srv/media'",
      },
    ]);
  });

  test('ends after its time, and with Ctrl-C', async () => {
    const path = join(scratchDirectory(), 'lock');
    const lock = takeLock(path, 'x');
    const waiting = waitForLock(path, 'x', 'exclusive', { lockTimeoutMs: 700 });
    expect((await rejection(waiting)).code).toBe('locked');
    const signal = AbortSignal.timeout(600);
    const stopped = waitForLock(path, 'x', 'exclusive', { lockTimeoutMs: 60_000, signal });
    expect((await rejection(stopped)).code).toBe('interrupted');
    lock.release();
  });

  test('makes the directory again when the former owner removed it', async () => {
    const room = join(scratchDirectory(), 'room');
    mkdirSync(room);
    const lock = takeLock(join(room, 'lock'), 'x');
    const prepare = () => void mkdirSync(room, { recursive: true });
    const waiting = waitForLock(join(room, 'lock'), 'x', 'exclusive', {
      lockTimeoutMs: 60_000,
      prepare,
    });
    lock.release();
    rmdirSync(room);
    (await waiting).release();
    expect(readdirSync(room)).toEqual([]);
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
