// The version stamp. The product stores its version nowhere in database or files, so it is put together from what was
// stated, the installed package, and the revisions in the database. These are the judge: what contradicts them is not used.

import type { DatabaseReader, Instance, Stamp } from '@dms-backup/core';
import { rangeText, settingOf, text, type ReleaseRange } from '@dms-backup/core/adapter-kit';
import { compareReleases, isWithin, normalRelease } from './release.ts';
import {
  byComponent,
  groupOf,
  groups,
  isProductComponent,
  matchRevisions,
  newestRelease,
  type RevisionFinding,
} from './revisions.ts';

/** What one source says about the exact release. */
interface Claim {
  readonly source: string;
  readonly release: string;
  /** For people: how the version was found through it. */
  readonly foundBy: string;
}

type Finding = Pick<RevisionFinding, 'range' | 'state' | 'unknown' | 'says'>;

/** Member `stamp` of the adapter. */
export async function stamp(database: DatabaseReader, instance: Instance): Promise<Stamp> {
  const migrations = await readRevisions(database);
  const finding = migrations === null ? withoutFramework(database) : matchRevisions(migrations);
  const warnings: string[] = [];
  const evidence: Stamp['evidence'] = [];
  const trusted: Claim[] = [];
  for (const claim of collectClaims(instance, warnings)) {
    const fits = agrees(claim, finding);
    evidence.push({
      source: claim.source,
      says: fits ? claim.release : `${claim.release} (not trusted)`,
    });
    if (fits) trusted.push(claim);
    else warnings.push(disagreement(claim, finding));
  }
  evidence.push({
    source: migrations === null ? 'tables' : 'core_migration',
    says: finding.says,
  });
  evidence.push(...otherPackages(migrations ?? []), ...distribution(instance));
  evidence.push(...(await instanceId(database)));
  const [best] = trusted;
  for (const claim of trusted.slice(1)) {
    if (claim.release !== best?.release) {
      warnings.push(`${best?.source} says ${best?.release}, ${claim.source} ${claim.release}`);
    }
  }
  warnings.push(...stateWarnings(finding));
  return {
    ...conclude(best, finding),
    evidence,
    migrations: migrations ?? [],
    migrationState: finding.state,
    warnings,
  };
}

function stateWarnings(finding: Finding & Partial<RevisionFinding>): string[] {
  return [
    ...(finding.state === 'interrupted'
      ? [
          'an upgrade of the application was not finished: run `nextgisweb migration upgrade` of the newer release',
        ]
      : []),
    ...(finding.unknown.length > 0
      ? [`the database was made by something newer than ${newestRelease}; it is backed up as it is`]
      : []),
    ...(finding.behind ?? []).map(
      (component) => `the revisions of the optional component ${component} are older than the rest`,
    ),
  ];
}

function disagreement({ source, release }: Claim, finding: Finding): string {
  const says = `${source} says ${release}, but the database has ${finding.says}`;
  const isPending = finding.range !== null && compareReleases(release, finding.range.to) > 0;
  return isPending ? `${says}: \`migration upgrade\` is pending` : `${says}: not trusted`;
}

function conclude(
  best: Claim | undefined,
  { range, says }: Finding,
): Pick<Stamp, 'appVersion' | 'range' | 'foundBy'> {
  const copy = range === null ? null : { from: range.from, to: range.to };
  if (best !== undefined) {
    return {
      appVersion: best.release,
      range: copy ?? { from: best.release, to: best.release },
      foundBy: best.foundBy,
    };
  }
  // the tables of 3.5.0 are those of 3.5.1
  const isExact = range !== null && range.from === range.to && range.from !== groups[0]?.from;
  return {
    appVersion: isExact ? range.from : null,
    range: copy,
    foundBy: range === null ? `not found: ${says}` : `from ${says}`,
  };
}

/** Unknown revisions can only come from something newer than all we know. */
function agrees({ release }: Claim, finding: Finding): boolean {
  if (finding.range !== null) return isWithin(release, finding.range) && groupOf(release) >= 0;
  return finding.unknown.length === 0 || compareReleases(release, newestRelease) > 0;
}

function collectClaims(instance: Instance, warnings: string[]): Claim[] {
  const claims: Claim[] = [];
  const stated = instance.appVersion;
  if (stated !== undefined) {
    const release = normalRelease(stated.value);
    if (release === null) {
      warnings.push(
        `'${stated.value}' (${stated.source}) is no release of NextGIS Web such as ${newestRelease}`,
      );
    } else {
      claims.push({ source: stated.source, release, foundBy: `stated by ${stated.source}` });
    }
  }
  const installed = settingOf(instance, 'package nextgisweb');
  const release = installed === undefined ? null : normalRelease(installed.value);
  if (installed !== undefined && release !== null) {
    claims.push({ source: installed.source, release, foundBy: `from ${installed.source}` });
  }
  return claims;
}

/** `component.revision`, sorted; null when the table does not exist (3.5, 3.6). */
async function readRevisions(database: DatabaseReader): Promise<string[] | null> {
  if (!database.has('public.core_migration', 'component', 'revision')) return null;
  const found = new Set<string>();
  const sql = 'SELECT "component", "revision" FROM "public"."core_migration"';
  for await (const row of database.query(sql)) {
    found.add(`${text(row, 'component')}.${text(row, 'revision')}`);
  }
  return [...found].toSorted();
}

/** 3.6 brought `svg_marker_library` and left the tables of the markers of 3.5 behind in upgraded databases. */
function withoutFramework(database: DatabaseReader): Finding {
  const has = (table: string): boolean => database.has(`public.${table}`);
  if (!has('setting') || !has('resource')) {
    return { ...unknown, says: 'no tables of NextGIS Web in the database' };
  }
  const [v35, v36] = groups.filter(({ components }) => components === null);
  const isNewer = has('svg_marker_library');
  const range: ReleaseRange =
    isNewer || has('marker') || has('marker_collection')
      ? { from: (isNewer ? v36 : v35)!.from, to: (isNewer ? v36 : v35)!.to }
      : { from: v35!.from, to: v36!.to };
  return {
    range,
    state: 'complete',
    unknown: [],
    says: `the tables of ${rangeText(range)}, which has no table core_migration`,
  };
}

const unknown = { range: null, state: 'unknown', unknown: [] } as const;

function otherPackages(migrations: readonly string[]): Stamp['evidence'] {
  const others = [...byComponent(migrations)].filter(([name]) => !isProductComponent(name));
  if (others.length === 0) return [];
  const names = others.map(([name, revisions]) => `${name} (${revisions.size})`);
  return [{ source: 'core_migration', says: `components of other packages: ${names.join(', ')}` }];
}

/** The vendor's distributions have numbers of their own: shown, never used. */
function distribution(instance: Instance): Stamp['evidence'] {
  const version = settingOf(instance, 'environment.distribution.version');
  if (version === undefined) return [];
  const name = settingOf(instance, 'environment.distribution.name')?.value;
  return [
    {
      source: version.source,
      says: `distribution ${[name, version.value].filter(Boolean).join(' ')} (a number of its own)`,
    },
  ];
}

/** Row `core.instance_id` of `setting` (3.9 and later), a JSON string. */
async function instanceId(database: DatabaseReader): Promise<Stamp['evidence']> {
  if (!database.has('public.setting', 'component', 'name', 'value')) return [];
  const found: string[] = [];
  const sql =
    'SELECT CAST("value" AS text) AS "value" FROM "public"."setting" WHERE "component" = ? AND "name" = ?';
  for await (const row of database.query(sql, ['core', 'instance_id'])) {
    const id = text(row, 'value').replaceAll('"', '');
    if (/^[0-9A-Fa-f-]{32,36}$/.test(id)) found.push(id);
  }
  return found.map((id) => ({ source: 'setting core.instance_id', says: id }));
}
