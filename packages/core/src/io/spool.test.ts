// A spool holds any amount and has no name: nothing of it is on disk for others to see, whatever happens.

import { fstatSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught } from '../../test/caught.ts';
import { failOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { Spool } from './spool.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

let directory: string;
beforeEach(() => {
  directory = scratchDirectory();
  vi.stubEnv('TMPDIR', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function opened(): Spool {
  const spool = new Spool();
  onTestFinished(() => spool.close());
  return spool;
}

describe('a spool', () => {
  test('gives back what was appended, from any place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.uint8Array()), { maxLength: 20 }),
        fc.nat(100),
        fc.nat(100),
        (parts, position, length) => {
          const spool = new Spool();
          for (const part of parts)
            spool.append(typeof part === 'string' ? part : Buffer.from(part));
          const all = Buffer.concat(parts.map((part) => Buffer.from(part)));
          expect(spool.size).toBe(all.length);
          spool.flush();
          expect(
            spool.read(position, length).equals(all.subarray(position, position + length)),
          ).toBe(true);
          spool.close();
        },
      ),
    );
  });

  test('is written as it grows, and read through its file', () => {
    const spool = opened();
    const line = 'x'.repeat(100_000);
    for (let count = 0; count < 10; count++) spool.append(line);
    expect(fstatSync(spool.fd).size).toBeGreaterThanOrEqual(700_000);
    spool.flush();
    expect(fstatSync(spool.fd).size).toBe(1_000_000);
    expect(spool.size).toBe(1_000_000);
    const end = Buffer.alloc(10);
    readSync(spool.fd, end, 0, 10, 999_990);
    expect(end.toString()).toBe('x'.repeat(10));
  });

  test('has no name and is private', () => {
    const spool = opened();
    spool.append('secret title');
    spool.flush();
    expect(readdirSync(directory)).toEqual([]);
    expect(fstatSync(spool.fd).nlink).toBe(0);
    expect(fstatSync(spool.fd).mode & 0o777).toBe(0o600);
  });

  test('cannot be opened where there is no temporary directory', () => {
    vi.stubEnv('TMPDIR', join(directory, 'missing'));
    const error = caught(() => new Spool());
    expect([error.code, error.message]).toEqual([
      'destination-unwritable',
      `cannot write '${join(directory, 'missing')}' (ENOENT)`,
    ]);
  });

  test('that cannot be opened leaves nothing', () => {
    failOnDisk('openSync', 'ENOSPC');
    expect(caught(() => new Spool()).code).toBe('no-space');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('on a full disk is told', () => {
    const spool = opened();
    failOnDisk('writeSync', 'ENOSPC');
    spool.append('x');
    expect(caught(() => spool.flush()).code).toBe('no-space');
    expect(caught(() => spool.append('x'.repeat(300_000))).code).toBe('no-space');
  });
});
