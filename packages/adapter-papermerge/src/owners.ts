// Whose a document is. Until 3.2 a user's; 3.3 - 3.5 a user's or, since 3.5, a group's; 3.6 keeps that in a table of its own.

import type { DatabaseReader, SqlRow } from '@dms-backup/core';
import { text, textOrNull } from '@dms-backup/core/adapter-kit';
import { identifier } from './file-names.ts';
import { collect, within, type IdRange, type NodeTables } from './node-tables.ts';

export type Names = ReadonlyMap<string, string>;

export interface OwnerNames {
  readonly users: Names;
  readonly groups: Names;
}

/** Names by id; empty when the table is missing. */
export async function readNames(
  database: DatabaseReader,
  table: string,
  column = 'name',
): Promise<Names> {
  if (!database.has(table, 'id', column)) return new Map();
  const rows = await collect(database, `SELECT "id", "${column}" AS "name" FROM "${table}"`);
  return new Map(rows.map((row) => [identifier(row['id']), text(row, 'name')]));
}

export async function readOwnerNames(
  database: DatabaseReader,
  tables: NodeTables,
): Promise<OwnerNames> {
  return {
    users: await readNames(database, tables.users, 'username'),
    groups:
      tables.generation === '3.3+'
        ? await readNames(database, 'groups')
        : new Map<string, string>(),
  };
}

/** 3.6: owners of the nodes of a batch, by node. Empty in all other releases. */
export async function readOwnerships(
  database: DatabaseReader,
  names: OwnerNames,
  range: IdRange,
): Promise<Names> {
  const owners = new Map<string, string>();
  if (!database.has('ownerships', 'owner_type', 'owner_id', 'resource_type', 'resource_id')) {
    return owners;
  }
  const [condition, parameters] = within('"resource_id"', range);
  const sql = `SELECT "owner_type", "owner_id", "resource_type", "resource_id" FROM "ownerships" WHERE "resource_type" = 'node' AND ${condition}`;
  for await (const row of database.query(sql, parameters)) {
    const isGroup = text(row, 'owner_type') === 'group';
    const owner = ownerOf(
      names,
      isGroup ? null : row['owner_id'],
      isGroup ? row['owner_id'] : null,
    );
    if (owner !== null) owners.set(identifier(row['resource_id']), owner);
  }
  return owners;
}

/** A group is told from a user of the same name by `group:` in front. */
export function ownerOf(
  { users, groups }: OwnerNames,
  user: SqlRow[string] | undefined,
  group: SqlRow[string] | undefined,
): string | null {
  if (textOrNull(user) !== null) return users.get(identifier(user)) ?? null;
  const name = textOrNull(group) === null ? undefined : groups.get(identifier(group));
  return name === undefined ? null : `group:${name}`;
}
