// Child process of a test: walks an archive and prints the most memory that it took.

import { readFileSync } from 'node:fs';
import { ArchiveReader } from '../src/archive/reader.ts';
import { walkArchive } from '../src/archive/walk.ts';

const reader = new ArchiveReader(process.argv[2] ?? '');
reader.manifest();
const { entries } = await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 2 });
reader.close();
process.stdout.write(JSON.stringify({ entries, peakBytes: peakBytes() }));

/**
 * Linux counts the memory of the process that started this one to `maxRSS` (a child shares it until it becomes another
 * program), which is the whole test runner. `VmHWM` begins with the program itself.
 */
function peakBytes(): number {
  try {
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return Number(kibibytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
