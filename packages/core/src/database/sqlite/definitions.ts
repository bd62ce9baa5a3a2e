// The objects of a database as sqlite_schema has them: kind, name, table and the exact text of the definition.

import type { DatabaseSync } from 'node:sqlite';
import { DmsBackupError } from '../../errors.ts';
import type { DatabaseSchema } from '../engine.ts';

export type Definition = DatabaseSchema['preData'][number];

export function isVirtual(definition: { readonly sql: string }): boolean {
  return /^CREATE VIRTUAL TABLE /i.test(definition.sql);
}

/** All objects with a definition, in the order of their creation. */
export function readDefinitions(database: DatabaseSync): Definition[] {
  const rows = database
    .prepare(
      'SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid',
    )
    .all();
  return rows.map((row) => {
    const definition = {
      kind: String(row['type']),
      name: String(row['name']),
      table: String(row['tbl_name']),
      sql: String(row['sql']),
    };
    // Node replaces what is not valid UTF-8; such names cannot be written back.
    if (Object.values(definition).some((text) => text.includes('\ufffd'))) {
      const { kind, name } = definition;
      throw new DmsBackupError(
        'database-unsupported',
        `cannot keep ${kind} '${name}': its name or definition is not valid text`,
      );
    }
    return definition;
  });
}
