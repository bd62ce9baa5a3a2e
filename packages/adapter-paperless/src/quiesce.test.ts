// The lock on `media.lock`, against other processes that take it as the product does.

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDmsBackupError } from '@dms-backup/core';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { instanceAt } from '../test/small-database.ts';
import { quiesce } from './quiesce.ts';

let media: string;
let lockFile: string;
beforeEach(() => {
  media = mkdtempSync(join(tmpdir(), 'paperless-quiesce-'));
  onTestFinished(() => rmSync(media, { recursive: true, force: true }));
  lockFile = join(media, 'media.lock');
  writeFileSync(lockFile, '');
});

const pause = (options: Parameters<typeof quiesce>[1] = {}) => quiesce(instanceAt(media), options);

/** True when another process could have the lock of the file at the path now. */
function isFree(path = lockFile): boolean {
  return spawnSync('flock', ['--nonblock', path, 'true']).status === 0;
}

/** Another process that holds the lock until it is killed. */
async function holder(): Promise<ChildProcess> {
  const child = spawn('flock', [lockFile, 'sh', '-c', 'echo held; exec sleep 60'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => end(child));
  await once(child.stdout, 'data');
  return child;
}

/** Ends the process with its children, which hold the lock as well. */
function end(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // it has ended already
  }
}

async function refusal(promise: Promise<unknown>): Promise<string[]> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isDmsBackupError(error)) throw new Error('no error of dms-backup', { cause: error });
  return [error.code, error.message];
}

describe('the lock', () => {
  test('keeps others out until it is released, and nothing of it stays', async () => {
    const before = statSync(lockFile);
    const release = await pause();
    expect(isFree()).toBe(false);
    await release();
    expect(isFree()).toBe(true);
    await release();
    expect(readdirSync(media)).toEqual(['media.lock']);
    const { ino, mtimeMs, size, mode } = statSync(lockFile);
    expect({ ino, mtimeMs, size, mode }).toEqual({
      ino: before.ino,
      mtimeMs: before.mtimeMs,
      size: before.size,
      mode: before.mode,
    });
  });

  test('is waited for', async () => {
    const other = await holder();
    const waiting = pause();
    const first = await Promise.race([waiting, sleep(300, 'still waiting')]);
    expect(first).toBe('still waiting');
    end(other);
    const release = await waiting;
    expect(isFree()).toBe(false);
    await release();
  });

  test('is waited for no longer than it may take', async () => {
    await holder();
    const before = performance.now();
    expect(await refusal(pause({ waitMs: 200 }))).toEqual([
      'locked',
      `the application holds '${lockFile}' and does not let go of it`,
    ]);
    expect(performance.now() - before).toBeLessThan(3000);
  });

  test('is no longer waited for when nobody wants it', async () => {
    await holder();
    const controller = new AbortController();
    const waiting = refusal(pause({ signal: controller.signal, waitMs: 60_000 }));
    setTimeout(() => controller.abort(), 100);
    expect(await waiting).toEqual(['interrupted', `no longer waiting for '${lockFile}'`]);
    expect((await refusal(pause({ signal: AbortSignal.abort() })))[0]).toBe('interrupted');
  });

  test('a waiter that gave up never takes afterwards', async () => {
    const other = await holder();
    await refusal(pause({ waitMs: 100 }));
    end(other);
    await expect.poll(() => isFree()).toBe(true);
  });

  test('is that of the file which is there now', async () => {
    const other = await holder();
    const waiting = pause();
    await sleep(200);
    writeFileSync(join(media, 'next'), '');
    renameSync(join(media, 'next'), lockFile);
    expect(isFree()).toBe(true);
    end(other);
    const release = await waiting;
    expect(isFree()).toBe(false);
    await release();
  });

  test('is not taken on a file that was removed meanwhile, but on a new one', async () => {
    const other = await holder();
    const waiting = pause();
    await sleep(200);
    rmSync(lockFile);
    end(other);
    const release = await waiting;
    expect(isFree()).toBe(false);
    await release();
    expect(readdirSync(media)).toEqual([]);
  });

  test('has a file for as long as it lasts, where there is none between two locks', async () => {
    rmSync(lockFile);
    const release = await pause();
    expect(readdirSync(media)).toEqual(['media.lock']);
    // whoever the application runs as may open it
    expect(statSync(lockFile).mode & 0o777).toBe(0o666);
    expect(isFree()).toBe(false);
    await release();
    await release();
    expect(readdirSync(media)).toEqual([]);
  });

  test('leaves a file alone that took the place of its own', async () => {
    rmSync(lockFile);
    const release = await pause();
    writeFileSync(join(media, 'next'), 'of somebody else');
    renameSync(join(media, 'next'), lockFile);
    await release();
    expect(readFileSync(lockFile, 'utf8')).toBe('of somebody else');
  });

  test('needs no right to write', async () => {
    chmodSync(media, 0o755);
    chmodSync(lockFile, 0o444);
    const isRoot = process.getuid!() === 0;
    if (isRoot) process.seteuid!(65_534);
    try {
      const release = await pause();
      expect(isFree()).toBe(false);
      await release();
      expect(isFree()).toBe(true);
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });

  test('goes with the process that holds it, however that ends', async () => {
    const script = `
      import { quiesce } from ${JSON.stringify(new URL('quiesce.ts', import.meta.url).href)};
      const instance = JSON.parse(process.argv[1]);
      await quiesce(instance);
      process.stdout.write('held');
      setInterval(() => undefined, 1000);
    `;
    const owner = spawn(
      process.execPath,
      ['--input-type=module', '--eval', script, JSON.stringify(instanceAt(media))],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void owner.kill('SIGKILL'));
    await once(owner.stdout, 'data');
    expect(isFree()).toBe(false);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(isFree()).toBe(true);
  });
});

describe('there is no lock', () => {
  test('without its file where none can be made', async () => {
    rmSync(lockFile);
    rmSync(media, { recursive: true });
    expect(await refusal(pause())).toEqual([
      'source-unreadable',
      `cannot lock '${lockFile}': it does not exist and cannot be made (ENOENT)`,
    ]);
  });

  test('behind a link, or on something else than a file', async () => {
    rmSync(lockFile);
    symlinkSync('elsewhere', lockFile);
    expect(await refusal(pause())).toEqual([
      'source-unreadable',
      `cannot open '${lockFile}': ELOOP`,
    ]);
    rmSync(lockFile);
    execFileSync('mkfifo', [lockFile]);
    expect(await refusal(pause())).toEqual([
      'source-unreadable',
      `cannot lock '${lockFile}': it is no regular file`,
    ]);
  });

  test('without a media root', async () => {
    const instance = { ...instanceAt(media), roots: [] };
    expect((await refusal(quiesce(instance)))[0]).toBe('media-root-missing');
  });
});

describe('the program that takes it', () => {
  function withPrograms(directory: string): void {
    const before = process.env['PATH'];
    process.env['PATH'] = directory;
    onTestFinished(() => {
      process.env['PATH'] = before;
    });
  }

  /** A directory in which `flock` is a script, or is not. */
  function programs(script?: string, mode = 0o755): string {
    const directory = join(media, 'programs');
    mkdirSync(directory);
    if (script !== undefined) writeFileSync(join(directory, 'flock'), script, { mode });
    return directory;
  }

  test('may be missing', async () => {
    withPrograms(programs());
    expect(await refusal(pause())).toEqual([
      'source-unreadable',
      `cannot lock '${lockFile}': there is no program \`flock\` (util-linux)`,
    ]);
  });

  test('may be missing together with the file, and nothing is left', async () => {
    const directory = programs();
    rmSync(lockFile);
    withPrograms(directory);
    expect((await refusal(pause()))[0]).toBe('source-unreadable');
    expect(readdirSync(media)).toEqual(['programs']);
  });

  test('may not start', async () => {
    withPrograms(programs('#!/bin/sh\n', 0o644));
    expect(await refusal(pause())).toEqual([
      'source-unreadable',
      `cannot lock '${lockFile}': the program \`flock\` does not start (EACCES)`,
    ]);
  });

  test('may fail', async () => {
    withPrograms(programs('#!/bin/sh\necho "flock: 3: No locks available" >&2\nexit 71\n'));
    expect(await refusal(pause())).toEqual([
      'source-unreadable',
      `cannot lock '${lockFile}': flock: 3: No locks available`,
    ]);
  });

  test('leaves no descriptor open, whatever happens', async () => {
    const opened = () =>
      readdirSync('/proc/self/fd').filter((descriptor) => {
        // a descriptor of the listing itself is gone by now
        const at = join('/proc/self/fd', descriptor);
        return existsSync(at) && readlinkSync(at) === lockFile;
      });
    const release = await pause();
    expect(opened()).toHaveLength(1);
    await release();
    await holder();
    await refusal(pause({ waitMs: 50 }));
    withPrograms(programs());
    await refusal(pause());
    expect(opened()).toEqual([]);
  });
});
