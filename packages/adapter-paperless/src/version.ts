// The version stamp. No table holds the version, so it is put together from what was stated, what the application left on
// disk, and the applied migrations. The migrations are the judge: a source that contradicts them is never trusted.

import { join } from 'node:path';
import type { DatabaseReader, Instance, Stamp } from '@dms-backup/core';
import {
  rangeText,
  readDjangoMigrations,
  settingOf,
  type ReleaseRange,
} from '@dms-backup/core/adapter-kit';
import {
  generations,
  matchMigrations,
  newestRelease,
  type MigrationFinding,
} from './migrations.ts';
import { compareReleases, isWithin, normalRelease } from './release.ts';
import { readLoggedVersion, releasesOfVersionPy } from './version-files.ts';

/** What one source says, as the releases it leaves possible. */
interface Claim {
  readonly source: string;
  readonly range: ReleaseRange;
  /** For people: how an exact version was found through it. */
  readonly foundBy: string;
}

/** Member `stamp` of the adapter. */
export async function stamp(database: DatabaseReader, instance: Instance): Promise<Stamp> {
  const migrations = await readDjangoMigrations(database);
  const finding = matchMigrations(migrations);
  const warnings: string[] = [];
  const evidence: Stamp['evidence'] = [];
  const trusted: Claim[] = [];

  for (const claim of await collectClaims(instance, warnings)) {
    const fits = agrees(claim, finding);
    const says = rangeText(claim.range);
    evidence.push({ source: claim.source, says: fits ? says : `${says} (not trusted)` });
    if (fits) trusted.push(claim);
    else {
      warnings.push(
        `${claim.source} says ${says}, but the database has ${finding.says}: not trusted`,
      );
    }
  }
  evidence.push({ source: 'django_migrations', says: finding.says });
  const series = seriesHint(instance);
  if (series !== null) evidence.push(series);

  const best = trusted.find(({ range }) => range.from === range.to) ?? trusted[0];
  for (const claim of trusted) {
    if (best !== undefined && !isWithin(best.range.from, claim.range)) {
      warnings.push(
        `${best.source} says ${rangeText(best.range)}, ${claim.source} says ${rangeText(claim.range)}`,
      );
    }
  }
  if (finding.state === 'interrupted') {
    warnings.push(
      'an upgrade of the application was interrupted: start the newer release and let it finish its migrations',
    );
  }
  if (finding.unknown.length > 0) {
    warnings.push(
      `the database was made by a release newer than ${newestRelease} or by a fork; it is backed up as it is`,
    );
  }
  return {
    ...conclude(best, finding),
    evidence,
    migrations,
    migrationState: finding.state,
    warnings,
  };
}

function conclude(
  best: Claim | undefined,
  finding: MigrationFinding,
): Pick<Stamp, 'appVersion' | 'range' | 'foundBy'> {
  if (best === undefined) {
    return { appVersion: null, range: copyOf(finding.range), foundBy: foundByMigrations(finding) };
  }
  const exact = best.range.from === best.range.to;
  return {
    appVersion: exact ? best.range.from : null,
    range: copyOf(exact ? (finding.range ?? best.range) : best.range),
    foundBy: best.foundBy,
  };
}

function copyOf(range: ReleaseRange | null): Stamp['range'] {
  return range === null ? null : { from: range.from, to: range.to };
}

function foundByMigrations({ range, says }: MigrationFinding): string {
  return range === null ? `not found: ${says}` : `from ${says}`;
}

/** Unknown migrations can only come from something newer than all we know; without migrations nothing can be compared. */
function agrees({ range }: Claim, finding: MigrationFinding): boolean {
  if (finding.range !== null) {
    const { betas = [] } = generations[finding.generation]!;
    return (
      isWithin(range.from, finding.range) ||
      isWithin(range.to, finding.range) ||
      betas.includes(range.from)
    );
  }
  return finding.unknown.length === 0 || compareReleases(range.to, newestRelease) > 0;
}

/** All sources but the migrations, in order of trust. */
async function collectClaims(instance: Instance, warnings: string[]): Promise<Claim[]> {
  const claims: Claim[] = [];
  const stated = instance.appVersion;
  if (stated !== undefined) {
    const release = normalRelease(stated.value);
    if (release === null) {
      warnings.push(
        `'${stated.value}' (${stated.source}) is no release of paperless-ngx such as ${newestRelease}`,
      );
    } else {
      claims.push({
        source: stated.source,
        range: { from: release, to: release },
        foundBy: `stated by ${stated.source}`,
      });
    }
  }
  for (const directory of logDirectories(instance)) {
    const logged = await readLoggedVersion(directory);
    if (logged === null) continue;
    const { release, at, path } = logged;
    claims.push({
      source: path,
      range: { from: release, to: release },
      foundBy: `the application logged it at its start on ${at.slice(0, 19)} (${path})`,
    });
    break;
  }
  const file = settingOf(instance, 'version.py');
  if (file !== undefined) {
    claims.push({
      source: file.source,
      range: releasesOfVersionPy(file.value),
      foundBy: `from ${file.source}`,
    });
  }
  return claims;
}

/** settings.LOGGING_DIR: `PAPERLESS_LOGGING_DIR`, else `log` in the data directory. */
function logDirectories(instance: Instance): string[] {
  const configured = settingOf(instance, 'PAPERLESS_LOGGING_DIR')?.value;
  if (configured !== undefined) return [configured];
  const data = instance.roots.find(({ name }) => name === 'data')?.directory;
  return data === undefined ? [] : [join(data, 'log')];
}

/** An image tag such as `3.0` or `latest` moves: shown, never used. */
function seriesHint(instance: Instance): Stamp['evidence'][number] | null {
  const image = settingOf(instance, 'image');
  if (image === undefined || instance.appVersion?.source === image.source) return null;
  return { source: image.source, says: `image ${image.value} (a moving tag, only a hint)` };
}
