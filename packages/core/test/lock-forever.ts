// Child process of a test: takes a lock, says so, and keeps it until it is killed.

import { takeLock } from '../src/io/lock.ts';

takeLock(process.argv[2] ?? '', 'a test');
process.stdout.write('taken');
setInterval(() => undefined, 1000);
