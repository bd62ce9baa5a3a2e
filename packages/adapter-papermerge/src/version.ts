// The version stamp. No table holds the version, so it is put together from the shape of the tables, the state of the
// migrations, and what was stated. The migrations are the judge: a statement that contradicts them is never trusted.

import type { DatabaseReader, Instance, Stamp } from '@dms-backup/core';
import {
  rangeText,
  readDjangoMigrations,
  settingOf,
  type ReleaseRange,
} from '@dms-backup/core/adapter-kit';
import { readAlembicRevisions, readLayout, type Layout } from './layout.ts';
import { matchMigrations, newestRelease, type MigrationFinding } from './migrations.ts';
import { compareReleases, isWithin, normalRelease } from './release.ts';
import { releasesOfVersionFile } from './version-files.ts';

/** What one source says, as the releases it leaves possible. */
interface Claim {
  readonly source: string;
  readonly range: ReleaseRange;
  /** For people: how the version was found through it. */
  readonly foundBy: string;
}

const nothing: MigrationFinding = {
  state: null,
  progress: 'unknown',
  made: [],
  unknown: [],
  foreign: [],
  withdrawn: [],
  says: 'no tables of Papermerge',
};

/** Member `stamp` of the adapter. */
export async function stamp(database: DatabaseReader, instance: Instance): Promise<Stamp> {
  const layout = await readLayout(database);
  const migrations = [
    ...(await readDjangoMigrations(database)),
    ...(await readAlembicRevisions(database)),
  ].toSorted();
  const finding =
    layout.generation === null ? nothing : matchMigrations(layout.generation, migrations);
  const faults = [...layout.faults, ...foreignFaults(finding, layout)];
  const warnings = [...faults, ...layout.remarks, ...remarksOf(finding, layout)];
  const evidence: Stamp['evidence'] = [];
  const trusted: Claim[] = [];

  for (const claim of collectClaims(instance, warnings)) {
    const fits = agrees(claim, finding);
    const says = rangeText(claim.range);
    evidence.push({ source: claim.source, says: fits ? says : `${says} (not trusted)` });
    if (fits) trusted.push(claim);
    else
      warnings.push(
        `${claim.source} says ${says}, but the database has ${finding.says}: not trusted`,
      );
  }
  evidence.push({
    source: 'shape of the tables',
    says: layout.generation ?? 'no tables of Papermerge',
  });
  evidence.push({
    source: layout.generation === '3.3+' ? 'alembic_version' : 'django_migrations',
    says: saysOf(finding),
  });
  const series = seriesHint(instance);
  if (series !== null) evidence.push(series);
  return {
    ...conclude(trusted, finding),
    evidence,
    migrations,
    migrationState: faults.length > 0 ? 'interrupted' : finding.progress,
    warnings,
  };
}

function saysOf({ says, made }: MigrationFinding): string {
  return made.length === 0
    ? says
    : `${says}, and ${made.join(', ')}, which an image made for itself at its start`;
}

function foreignFaults({ foreign }: MigrationFinding, { generation }: Layout): string[] {
  return foreign.length === 0
    ? []
    : [
        `the tables are those of ${generation}, but django_migrations has ${foreign.slice(0, 3).join(', ')} of another generation: a wrong image was started on this database and stopped half-way`,
      ];
}

/** Odd states that are no mixture of generations. */
function remarksOf(finding: MigrationFinding, { generation }: Layout): string[] {
  const { state, unknown, withdrawn, progress } = finding;
  return [
    ...(progress === 'interrupted'
      ? [
          'an upgrade of the application was interrupted: start the newer release and let it finish its migrations',
        ]
      : []),
    ...(unknown.length === 0
      ? []
      : [
          generation === '3.3+'
            ? `the revision ${unknown.slice(0, 3).join(', ')} in alembic_version belongs to no release up to ${newestRelease}: the database is backed up as it is, with all media files`
            : `django_migrations has ${unknown.slice(0, 3).join(', ')}, which no release has (a development image?): the database is backed up as it is`,
        ]),
    ...(withdrawn.length === 0
      ? []
      : [
          `django_migrations has ${withdrawn.slice(0, 3).join(', ')} of 2.0.0rc35, which later releases withdrew: they may fail to start on this database`,
        ]),
    ...(generation !== null && state === null && unknown.length === 0 && progress === 'unknown'
      ? [`no migration says which release made these tables of ${generation}`]
      : []),
  ];
}

function conclude(
  trusted: readonly Claim[],
  { state, says }: MigrationFinding,
): Pick<Stamp, 'appVersion' | 'range' | 'foundBy'> {
  const range = state === null ? null : { from: state.from, to: state.to };
  const best = trusted.find((claim) => claim.range.from === claim.range.to) ?? trusted[0];
  if (best !== undefined) {
    const exact = best.range.from === best.range.to;
    return {
      appVersion: exact ? best.range.from : null,
      range: range ?? { ...best.range },
      foundBy: best.foundBy,
    };
  }
  if (range === null) return { appVersion: null, range, foundBy: `not found: ${says}` };
  const single = state?.releases.length === 1;
  return { appVersion: single ? range.from : null, range, foundBy: `from ${says}` };
}

/** A database that no known release made can only be newer than all of them, or of a development image. */
function agrees({ range }: Claim, { state, unknown }: MigrationFinding): boolean {
  if (state !== null) return isWithin(range.from, state) || isWithin(range.to, state);
  return unknown.length === 0 || compareReleases(range.to, newestRelease) > 0;
}

/** All sources but the database, in order of trust. */
function collectClaims(instance: Instance, warnings: string[]): Claim[] {
  const claims: Claim[] = [];
  const stated = instance.appVersion;
  if (stated !== undefined) {
    const release = normalRelease(stated.value);
    if (release === null) {
      warnings.push(
        `'${stated.value}' (${stated.source}) is no release of Papermerge such as ${newestRelease}`,
      );
    } else {
      claims.push({
        source: stated.source,
        range: { from: release, to: release },
        foundBy: `stated by ${stated.source}`,
      });
    }
  }
  const file = settingOf(instance, 'version file');
  if (file !== undefined) {
    claims.push({
      source: file.source,
      range: releasesOfVersionFile(file.value),
      foundBy: `from ${file.source}`,
    });
  }
  return claims;
}

/** An image tag such as `3.4` or `latest` may move: shown, never used. */
function seriesHint(instance: Instance): Stamp['evidence'][number] | null {
  const image = settingOf(instance, 'image');
  if (image === undefined || instance.appVersion?.source === image.source) return null;
  return { source: image.source, says: `image ${image.value} (a moving tag, only a hint)` };
}
