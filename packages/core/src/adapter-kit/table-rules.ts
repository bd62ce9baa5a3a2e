// Rules for tables from facts as data: what each table of a product is, whose rows are left out and why, which columns hold
// secrets.

import type { TableRule } from '../adapter.ts';
import type { DatabaseSchema } from '../database/engine.ts';
import { qualifiedName } from '../database/schema.ts';

/** Bare names of tables by class; each table in one of them. */
export interface TableFacts {
  readonly essential: readonly string[];
  readonly history: readonly string[];
  readonly derived?: readonly string[];
  readonly ephemeral: readonly string[];
  /** Ephemeral tables whose rows are not archived: name and reason. */
  readonly ephemeralRowsLeftOut: Readonly<Record<string, string>>;
  /** Table and its columns with secrets in clear. */
  readonly secretColumns: Readonly<Record<string, readonly string[]>>;
}

/**
 * The member `tables` for a product whose tables lie in one schema. `ownTables`: names by which that schema is recognised on
 * PostgreSQL, where it is `public` unless the administrator chose otherwise; a table of the same name elsewhere is not the
 * product's.
 */
export function createTableRules(
  facts: TableFacts,
  ownTables: readonly string[],
): (schema: DatabaseSchema) => TableRule[] {
  const { ephemeralRowsLeftOut: leftOut, secretColumns } = facts;
  const classes = new Map<string, TableRule['class']>([
    ...facts.essential.map((table) => [table, 'essential'] as const),
    ...facts.history.map((table) => [table, 'history'] as const),
    ...(facts.derived ?? []).map((table) => [table, 'derived'] as const),
    ...facts.ephemeral.map((table) => [table, 'ephemeral'] as const),
    ...Object.keys(leftOut).map((table) => [table, 'ephemeral'] as const),
  ]);
  return (schema) => {
    const home = homeOf(schema, ownTables);
    return schema.tables.flatMap((table): TableRule[] => {
      const known = classes.get(table.name);
      if (known === undefined || table.schema !== home) return [];
      const reason = leftOut[table.name];
      const columns = new Set(table.columns.map(({ name }) => name));
      const secrets = (secretColumns[table.name] ?? []).filter((column) => columns.has(column));
      return [
        {
          table: qualifiedName(table),
          class: known,
          keepRows: reason === undefined,
          ...(reason === undefined ? {} : { reason }),
          ...(secrets.length === 0 ? {} : { secretColumns: secrets }),
        },
      ];
    });
  };
}

/** SQLite and MariaDB have no schemas. */
function homeOf({ tables }: DatabaseSchema, ownTables: readonly string[]): string | undefined {
  if (tables.every(({ schema }) => schema === undefined)) return undefined;
  const homes = new Set(
    tables.filter(({ name }) => ownTables.includes(name)).map(({ schema }) => schema ?? 'public'),
  );
  return homes.size === 1 ? [...homes][0] : 'public';
}
