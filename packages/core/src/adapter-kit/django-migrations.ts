// The record of applied migrations that every Django project keeps (django.db.migrations.recorder, MigrationRecorder).

import type { DatabaseReader } from '../database/engine.ts';

/** Applied migrations as `app.name`, sorted by code unit; empty when the table is missing. */
export async function readDjangoMigrations(database: DatabaseReader): Promise<string[]> {
  if (!database.has('django_migrations', 'app', 'name')) return [];
  const names = new Set<string>();
  for await (const row of database.query('SELECT "app", "name" FROM "django_migrations"')) {
    names.add(`${String(row['app'])}.${String(row['name'])}`);
  }
  return [...names].toSorted();
}
