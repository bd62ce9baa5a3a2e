// A server whose disk becomes full while a restore builds the next state.

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownMariadb } from '@dms-backup/test-fixtures/servers';
import { expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import {
  backUp,
  databasesBeside,
  makeDatabase,
  numbers,
  prepare,
  restore,
  stateOf,
  withClient,
} from '../../../test/mariadb-server.ts';
import { scratchDirectory } from '../../../test/scratch-directory.ts';
import type { MariadbLocation } from './names.ts';

const mebibyte = 1 << 20;

/** Mounting is for root, and not in every container. */
const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

/** A file system of that size, gone after the test. */
function smallDisk(size: string): string {
  const place = join(scratchDirectory(), 'disk');
  mkdirSync(place);
  // for the account of the server
  chmodSync(dirname(place), 0o711);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', place]);
  onTestFinished(() => void execFileSync('umount', ['-l', place]));
  return place;
}

/** Leaves so many bytes free. */
function fill(disk: string, leftBytes: number): string {
  const { bavail, bsize } = statfsSync(disk);
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(bavail * bsize - leftBytes));
  return filler;
}

if (canMount) {
  test('told, nothing is left, and with room again it works', async () => {
    const backup = await backUp(
      await makeDatabase(
        `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, repeat(sha1(n), 50) FROM (${numbers(4)}) AS numbers`,
      ),
    );
    const disk = smallDisk('400m');
    const server = await ownMariadb(disk);
    if (server === undefined) return;
    onTestFinished(async () => await server.stop());
    const { host, port, user } = server;
    const target: MariadbLocation = { engine: 'mariadb', host, port, user, name: 'small' };
    await withClient(
      undefined,
      async (client) =>
        void (await client.rows(
          'CREATE DATABASE small CHARACTER SET utf8mb4; USE small; CREATE TABLE old (a int); INSERT INTO old VALUES (1)',
        )),
      target,
    );
    const before = await stateOf(target);
    const filler = fill(disk, 8 * mebibyte);
    const error = await rejection(prepare(backup, target));
    expect([error.code, error.exitCode]).toEqual(['no-space', 31]);
    expect(error.message).toMatch(/^cannot load table 't'/);
    expect(error.hint).toContain('the file system of the database server');
    expect(await databasesBeside(target)).toEqual([]);
    expect(await stateOf(target)).toEqual(before);
    rmSync(filler);
    expect(await restore(backup, target)).toEqual(backup.digests);
  });
}
