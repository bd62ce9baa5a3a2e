// What a killed keeper leaves: servers without an owner, and its directory. The next keeper removes both.

import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Directories of keepers are `<tmpdir>/dms-test-servers-<random>`; the file `keeper` in them holds the process id. */
export const KEEPER_DIRECTORY = join(tmpdir(), 'dms-test-servers-');

/** A keeper writes its id at once; a directory without one is younger than this, or abandoned. */
const BIRTH_MS = 60_000;
const DEATH_MS = 5_000;
const POLL_MS = 25;

/** Ends servers of keepers that are gone, and removes their directories. Other users' directories are left alone. */
export async function removeLeftovers(): Promise<void> {
  const prefix = KEEPER_DIRECTORY.slice(tmpdir().length + 1);
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(prefix))) {
    const directory = join(tmpdir(), name);
    if (isAbandoned(directory)) await removeServers(directory);
  }
}

function isAbandoned(directory: string): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (!found?.isDirectory() || found.uid !== process.getuid?.()) return false;
  const keeper = readNumber(join(directory, 'keeper'));
  return keeper === undefined ? Date.now() - found.mtimeMs > BIRTH_MS : !isAlive(keeper);
}

/** Ends the servers below the directory of a keeper at once, and removes the directory. */
export async function removeServers(directory: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    const data = join(directory, name, 'data');
    const postmaster = readNumber(join(data, 'postmaster.pid'));
    // A process id may belong to somebody else by now; the postmaster works in its data directory.
    if (postmaster !== undefined && workingDirectory(postmaster) === data) {
      process.kill(postmaster, 'SIGQUIT');
      const deadline = Date.now() + DEATH_MS;
      while (isAlive(postmaster) && Date.now() < deadline) await wait(POLL_MS);
    }
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

function readNumber(path: string): number | undefined {
  try {
    const number = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(number) && number > 1 ? number : undefined;
  } catch {
    return undefined;
  }
}

/** Also false for a process that ended and was not waited for, which still takes signals. Linux. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
