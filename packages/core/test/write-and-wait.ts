// Writes an unfinished archive to a place, says so, and waits to be killed. Run by tests as a process of its own.

import { openStorage } from '../src/storage/open-storage.ts';
import { parsePlace } from '../src/storage/place.ts';

const storage = await openStorage(parsePlace(process.argv[2]!), {
  environment: process.env,
  workingDirectory: process.cwd(),
});
const sink = await storage.createSink('a.tar');
for (let written = 0; written < 5; written++) await sink.write(Buffer.alloc(1_000_000, written));
process.stdout.write('written\n');
setInterval(() => undefined, 1000);
