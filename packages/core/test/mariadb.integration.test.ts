// The MariaDB engine on captured installations, and on what only a real server does: lost sessions, missing rights, large rows.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { backUp, features, makeDatabase, restore, stateOf, withClient } from './mariadb-server.ts';

const instances = fileURLToPath(new URL('../../../../shared/instances', import.meta.url));

/** The type `uuid` came with MariaDB 10.7. */
function asServerTakes(dump: string): string {
  const plain = dump.replace(/^\/\*M!999999[^\n]*\n/, '');
  return features.hasUuid ? plain : plain.replaceAll(/^( +`\w+`) uuid /gm, '$1 char(36) ');
}

describe('captured installations', () => {
  // The dumps are of MariaDB: they give values to generated columns, which MySQL refuses.
  const names =
    existsSync(instances) && !features.isMysql
      ? readdirSync(instances).filter((name) => name.endsWith('-mariadb'))
      : [];

  test.each(names)('%s comes back as it was', async (name) => {
    const source = await makeDatabase();
    const dump = readFileSync(join(instances, name, 'dump.sql'), 'utf8');
    const done = spawnSync(
      'mariadb',
      [
        '--no-defaults',
        '-h',
        source.host,
        '-P',
        String(source.port),
        '-u',
        source.user ?? 'root',
        '--protocol=tcp',
        '--default-character-set=utf8mb4',
        '--binary-mode',
        source.name,
      ],
      { input: asServerTakes(dump), encoding: 'utf8' },
    );
    expect(done.stderr).toBe('');
    const backup = await backUp(source);
    const expected = JSON.parse(readFileSync(join(instances, name, 'expected.json'), 'utf8')) as {
      rowCounts: Record<string, number>;
    };
    const counts = Object.fromEntries(
      Object.entries(backup.digests).map(([table, { rows }]) => [table, rows]),
    );
    expect(counts).toEqual(expected.rowCounts);
    const target = await makeDatabase('CREATE TABLE documents_document (id int PRIMARY KEY)');
    expect(await restore(backup, target)).toEqual(backup.digests);
    expect(await stateOf(target)).toEqual(await stateOf(source));
    await withClient(target.name, async (client) => {
      await client.rows('SET foreign_key_checks = 1');
      const broken = await client.rows('SELECT count(*) FROM django_migrations');
      expect(Number(broken[0]?.[0])).toBeGreaterThan(0);
    });
  });
});
