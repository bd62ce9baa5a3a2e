// Two files of an installation that name its version: the application log and version.py. Neither is proof: logs outlive
// upgrades, and two releases ship a wrong version.py. `version.ts` weighs them against the migrations.

import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ReleaseRange } from '@dms-backup/core/adapter-kit';
import { normalRelease } from './release.ts';

export interface LoggedVersion {
  readonly release: string;
  /** Local time of the server as logged, e.g. `2026-11-03 03:00:03,123`. */
  readonly at: string;
  readonly path: string;
}

/**
 * 2.17.0 and later, src/paperless/asgi.py and wsgi.py: written at every start of the web server, in the format `verbose`
 * of settings.LOGGING.
 */
const startLine =
  /^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\] \[[A-Z]+\] \[paperless\.[aw]sgi\] \[init\] Paperless-ngx version: (v\d\S*)\s*$/;

/** settings.LOGGING: `paperless.log` and its rotations `.1`, `.2`, ... */
const logName = /^paperless\.log(\.\d+)?$/;

/** Rotations have 1 MiB by default; of a log that was allowed to grow only the end is read. */
const maxLogBytes = 64 * 1024 * 1024;

/** The last version in the log directory by the time in the lines; null when there is none or it cannot be read. */
export async function readLoggedVersion(directory: string): Promise<LoggedVersion | null> {
  let latest: LoggedVersion | null = null;
  for (const name of await namesIn(directory)) {
    if (!logName.test(name)) continue;
    const found = await lastVersionIn(join(directory, name));
    if (found !== null && (latest === null || found.at >= latest.at)) latest = found;
  }
  return latest;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch {
    return [];
  }
}

async function lastVersionIn(path: string): Promise<LoggedVersion | null> {
  let latest: LoggedVersion | null = null;
  try {
    const { size } = await stat(path);
    const stream = createReadStream(path, { start: Math.max(0, size - maxLogBytes) });
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      const match = startLine.exec(line);
      const release = match === null ? null : normalRelease(match[2] ?? '');
      const at = match?.[1] ?? '';
      if (release !== null && (latest === null || at >= latest.at)) latest = { release, at, path };
    }
  } catch {
    // A log that cannot be read says nothing; the version then comes from another source.
  }
  return latest;
}

/** Tag ngx-1.7.0 has no type annotation, later releases have one: match up to the equals sign. */
const versionTuple = /^__version__[^=\n]*=\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)/m;

/** The release in a `src/paperless/version.py`; null when there is no such file. */
export async function readVersionPy(path: string): Promise<string | null> {
  try {
    const match = versionTuple.exec(await readFile(path, 'utf8'));
    return match === null ? null : `${match[1]}.${match[2]}.${match[3]}`;
  } catch {
    return null;
  }
}

/** Releases that a version.py can stand for: tags v1.7.2 and v1.9.1 carry the tuple of the release before. */
export function releasesOfVersionPy(release: string): ReleaseRange {
  const alsoIn: Readonly<Record<string, string>> = { '1.7.1': '1.7.2', '1.9.0': '1.9.1' };
  return { from: release, to: alsoIn[release] ?? release };
}
