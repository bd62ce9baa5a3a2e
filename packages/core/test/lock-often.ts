// Child process of a test: takes and releases a lock many times, and prints how often somebody else was inside.

import { unlinkSync, writeFileSync } from 'node:fs';
import { isDmsBackupError } from '../src/errors.ts';
import { takeLock } from '../src/io/lock.ts';
import type { Lock } from '../src/io/lock.ts';

const [path = '', rounds = '0'] = process.argv.slice(2);
let collisions = 0;
let taken = 0;

function tryLock(): Lock | undefined {
  try {
    return takeLock(path, 'a test');
  } catch (error) {
    if (isDmsBackupError(error) && error.code === 'locked') return undefined;
    throw error;
  }
}

while (taken < Number(rounds)) {
  const lock = tryLock();
  if (!lock) continue;
  taken++;
  try {
    writeFileSync(`${path}.inside`, '', { flag: 'wx' });
    unlinkSync(`${path}.inside`);
  } catch {
    collisions++;
  }
  lock.release();
}
process.stdout.write(JSON.stringify({ taken, collisions }));
