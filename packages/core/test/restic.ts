// Asks the real restic what it keeps: snapshots of a tiny file at given times, in one repository, and `forget --dry-run`.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeepRules } from '../src/retention/choose.ts';
import { resticFlags, zone } from './retention-arbitraries.ts';

export interface ResticAnswers {
  readonly resticVersion: string;
  readonly zone: string;
  /** Times of the snapshots as restic has them, in ISO 8601. */
  readonly lists: readonly (readonly string[])[];
  readonly cases: readonly {
    readonly flags: readonly string[];
    /** For each list: the places in it of the snapshots that stay, with restic's reasons. */
    readonly kept: readonly Readonly<Record<string, readonly string[]>>[];
  }[];
}

interface Snapshot {
  readonly time: string;
  readonly hostname: string;
}

interface Group {
  readonly host: string;
  readonly reasons: readonly { snapshot: Snapshot; matches: readonly string[] }[] | null;
}

/** Its version, or undefined when there is none. */
export function installedRestic(): string | undefined {
  const { status, stdout } = spawnSync('restic', ['version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split(' ')[1] : undefined;
}

/** One snapshot takes restic about half a second. */
export function askRestic(
  lists: readonly (readonly Date[])[],
  rulesets: readonly KeepRules[],
): ResticAnswers {
  const directory = mkdtempSync(join(tmpdir(), 'dms-core-restic-'));
  const environment = {
    PATH: process.env['PATH'],
    TZ: zone,
    RESTIC_PASSWORD: 'x',
    RESTIC_REPOSITORY: join(directory, 'repository'),
    RESTIC_CACHE_DIR: join(directory, 'cache'),
  };
  const restic = (...words: string[]): string =>
    execFileSync('restic', words, { env: environment, cwd: directory, encoding: 'utf8' });
  try {
    writeFileSync(join(directory, 'file'), 'x');
    restic('init', '--quiet');
    for (const [index, dates] of lists.entries()) {
      for (const time of new Set(dates.map(localText)))
        restic('backup', '--quiet', '--host', `list-${index}`, '--time', time, 'file');
    }
    const snapshots = JSON.parse(restic('snapshots', '--json')) as Snapshot[];
    // not the dates that were asked for: an hour that the clock has twice is one of the two
    const times = lists.map((_, index) =>
      snapshots.filter(({ hostname }) => hostname === `list-${index}`).map(({ time }) => iso(time)),
    );
    return {
      resticVersion: installedRestic() ?? '',
      zone,
      lists: times,
      cases: rulesets.map((rules) => {
        const flags = resticFlags(rules);
        const answer = restic('forget', '--dry-run', '--json', '--group-by', 'host', ...flags);
        const groups = JSON.parse(answer) as Group[];
        return { flags, kept: times.map((list, index) => keptOf(groups, `list-${index}`, list)) };
      }),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function keptOf(
  groups: readonly Group[],
  host: string,
  times: readonly string[],
): Record<string, readonly string[]> {
  const group = groups.find((one) => one.host === host);
  return Object.fromEntries(
    (group?.reasons ?? []).map(({ snapshot, matches }) => [
      String(times.indexOf(iso(snapshot.time))),
      matches.map((reason) => reason.replace(' snapshot', '')),
    ]),
  );
}

function iso(time: string): string {
  return new Date(time).toISOString();
}

/** `2026-10-25 02:30:00` in the zone. */
function localText(date: Date): string {
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(date);
}
