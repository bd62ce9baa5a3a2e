// Captured installations whose database is on PostgreSQL: their names, and how their dumps are loaded.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { postgresServer } from './postgres-server.ts';

const instances = fileURLToPath(new URL('../../../../shared/instances', import.meta.url));

/** Folders with a dump of PostgreSQL, made by pg_dump or by the product's own backup of it. */
export const capturedNames = readdirSync(instances).filter((name) => {
  const dump = join(instances, name, 'dump.sql');
  return existsSync(dump) && readFileSync(dump, 'latin1').includes('PostgreSQL database dump');
});

/** Rows by table, as the capture itself counted them: bare names. */
export function capturedRows(name: string): Record<string, number> {
  const text = readFileSync(join(instances, name, 'expected.json'), 'utf8');
  const { rowCounts } = JSON.parse(text) as { rowCounts: Record<string, number> };
  const bare = (table: string): string => table.replaceAll(/^\w+\.|"/g, '');
  return Object.fromEntries(
    Object.entries(rowCounts).map(([table, rows]) => [bare(table), rows] as const),
  );
}

/** As instances/README.md tells; extensions first where the dump has no statements for them. */
export function loadCaptured(database: string, name: string): void {
  const { host, port, user } = postgresServer();
  const extensions = name.startsWith('nextgisweb') ? ['postgis', 'hstore'] : [];
  const options = ['-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'];
  const server = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const statements = extensions.flatMap((extension) => ['-c', `CREATE EXTENSION ${extension}`]);
  const dump = ['-f', join(instances, name, 'dump.sql')];
  execFileSync('psql', [...options, ...server, ...statements, ...dump], { stdio: 'pipe' });
}
