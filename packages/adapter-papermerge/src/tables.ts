// The class of every table of the product and of the libraries it brings. Tables without a rule (other programs, later
// releases) are kept by core and reported as unknown.

import type { DatabaseSchema, TableRule } from '@dms-backup/core';
import { qualifiedName } from '@dms-backup/core';
import facts from './data/tables.json' with { type: 'json' };

const leftOut: Readonly<Record<string, string>> = facts.ephemeralRowsLeftOut;
const secretColumns: Readonly<Record<string, readonly string[]>> = facts.secretColumns;
const classes = new Map<string, TableRule['class']>([
  ...facts.essential.map((table) => [table, 'essential'] as const),
  ...facts.history.map((table) => [table, 'history'] as const),
  ...facts.derived.map((table) => [table, 'derived'] as const),
  ...facts.ephemeral.map((table) => [table, 'ephemeral'] as const),
  ...Object.keys(leftOut).map((table) => [table, 'ephemeral'] as const),
]);

/** Member `tables` of the adapter: rules for the known tables of this schema, by their qualified names. */
export function tables(schema: DatabaseSchema): TableRule[] {
  const rules: TableRule[] = [];
  const home = homeOf(schema);
  for (const table of schema.tables) {
    const known = classes.get(table.name);
    if (known === undefined || table.schema !== home) continue;
    const reason = leftOut[table.name];
    const columns = table.columns.map(({ name }) => name);
    const secrets = (secretColumns[table.name] ?? []).filter((column) => columns.includes(column));
    rules.push({
      table: qualifiedName(table),
      class: known,
      keepRows: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(secrets.length === 0 ? {} : { secretColumns: secrets }),
    });
  }
  return rules;
}

/** `core_basetreenode` until 3.2, `document_versions` from 3.3 on. */
const ownTables = ['core_basetreenode', 'document_versions'];

/**
 * PostgreSQL: the product's tables are where the search path of its user leads, which is `public` unless the administrator
 * chose otherwise. SQLite and MariaDB have no schemas. A table of the same name elsewhere is not ours.
 */
function homeOf(schema: DatabaseSchema): string | undefined {
  if (schema.tables.every((table) => table.schema === undefined)) return undefined;
  const homes = new Set(
    schema.tables
      .filter(({ name }) => ownTables.includes(name))
      .map((table) => table.schema ?? 'public'),
  );
  return homes.size === 1 ? [...homes][0] : 'public';
}
