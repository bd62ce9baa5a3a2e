// Rows by column name, made fit for a release and an engine: columns that the release does not have are left out, those that it
// demands get a plain value, UUIDs and booleans get the form of the engine.

import {
  baseType,
  isCounted,
  isNullable,
  plainValue,
  type PapermergeEngine,
  type PapermergeTable,
} from './schema.ts';

export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

export interface FittedRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Rows of one table; tables that the release does not have give none. */
export function fitRows(
  tables: readonly PapermergeTable[],
  name: string,
  rows: readonly Row[],
  engine: PapermergeEngine,
): FittedRows[] {
  const table = tables.find((each) => each.name === name);
  if (table === undefined || rows.length === 0) return [];
  const columns = Object.keys(table.columns).filter((column) => {
    const written = table.columns[column] ?? '';
    const isOpen = rows.every((row) => row[column] === undefined);
    return !/ generated/.test(written) && !(isOpen && (isCounted(written) || isNullable(written)));
  });
  return [
    {
      table: name,
      columns,
      rows: rows.map((row) =>
        columns.map((column) => {
          const written = table.columns[column] ?? '';
          const open = isNullable(written) ? null : plainValue(written);
          return formOf(engine, baseType(written), row[column] ?? open);
        }),
      ),
    },
  ];
}

function formOf(engine: PapermergeEngine, type: string, value: Cell): Cell {
  if (value === null || engine === 'postgres') return value;
  if (type === 'uuid') return String(value).replaceAll('-', '');
  return typeof value === 'boolean' ? Number(value) : value;
}
