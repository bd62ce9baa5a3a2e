// Child process of a test: tries to take a lock once, and prints what came of it.

import { isDmsBackupError } from '../src/errors.ts';
import { takeLock } from '../src/io/lock.ts';

let outcome = 'taken';
try {
  takeLock(
    process.argv[2] ?? '',
    'a test',
    process.argv[3] === 'shared' ? 'shared' : 'exclusive',
  ).release();
} catch (error) {
  outcome = isDmsBackupError(error) ? error.code : String(error);
}
process.stdout.write(outcome);
