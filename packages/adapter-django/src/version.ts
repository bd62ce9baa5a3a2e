// The version stamp. Django knows no version of a project; it is stated, described by the repository, or read from package
// metadata. What decides about restores is the set of applied migrations.

import type { DatabaseReader, Instance, Stamp } from '@dms-backup/core';
import { readDjangoMigrations, settingOf } from '@dms-backup/core/adapter-kit';
import { columnName, fileColumnsOf } from './file-columns.ts';
import { versionSettings } from './version-sources.ts';

/** Member `stamp` of the adapter. */
export async function stamp(database: DatabaseReader, instance: Instance): Promise<Stamp> {
  const migrations = await readDjangoMigrations(database);
  const claims = claimsOf(instance);
  const best = claims[0];
  const apps = new Set(migrations.map((name) => name.slice(0, name.indexOf('.'))));
  const warnings =
    migrations.length === 0
      ? ['there are no migrations in django_migrations: is this the database of a Django project?']
      : [];
  for (const column of fileColumnsOf(instance)) {
    if (column.isGiven || database.has(column.table, column.column)) continue;
    warnings.push(
      `the project has the column ${columnName(column)}, the database not yet: run its migrations`,
    );
  }
  return {
    appVersion: best?.version ?? null,
    range: best === undefined ? null : { from: best.version, to: best.version },
    foundBy: best?.foundBy ?? 'not found: state it with --app-version',
    evidence: [
      ...claims.map(({ source, version }) => ({ source, says: version })),
      { source: 'django_migrations', says: `${migrations.length} migrations of ${apps.size} apps` },
    ],
    migrations,
    // A database cannot tell which migrations its project still has to run.
    migrationState: 'unknown',
    warnings,
  };
}

interface Claim {
  readonly version: string;
  readonly source: string;
  readonly foundBy: string;
}

/** In order of trust: a checkout is what runs, metadata may be older than the code. */
function claimsOf(instance: Instance): Claim[] {
  const stated = instance.appVersion;
  const places = [
    [versionSettings.git, 'git describe of'],
    [versionSettings.installed, 'installed version, by'],
    [versionSettings.package, 'version in'],
  ] as const;
  const found = places.flatMap(([name, words]) => {
    const setting = settingOf(instance, name);
    if (setting === undefined) return [];
    const { value, source } = setting;
    return [{ version: value, source, foundBy: `${words} ${source}` }];
  });
  if (stated === undefined) return found;
  const { value, source } = stated;
  return [{ version: value, source, foundBy: `stated by ${source}` }, ...found];
}
