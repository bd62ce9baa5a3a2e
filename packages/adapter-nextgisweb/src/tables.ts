// One rule per table that NextGIS Web ever had, and per table that it makes for a layer or a tile cache. Tables of other
// packages (qgis, formbuilder, ...) get none, so core keeps and reports them.

import { qualifiedName, type DatabaseSchema, type Stamp, type TableRule } from '@dms-backup/core';
import facts from './data/tables.json' with { type: 'json' };
import { isSince } from './release.ts';

type Table = DatabaseSchema['tables'][number];
interface LeftOut {
  /** First release that leaves the rows out. Absent: every release that has the table. */
  readonly since?: string;
  readonly reason: string;
}

const leftOut: Readonly<Record<string, LeftOut>> = facts.leftOut;
const secretColumns: Readonly<Record<string, readonly string[]>> = facts.secretColumns;
const classes = new Map<string, TableRule['class']>([
  ...facts.essential.map((table) => [table, 'essential'] as const),
  ...facts.history.map((table) => [table, 'history'] as const),
  ...facts.derived.map((table) => [table, 'derived'] as const),
  ...Object.keys(leftOut).map((table) => [table, 'ephemeral'] as const),
]);

/** Rows, deleted features (`_e`) and former states (`_h`, 4.8 and later) of a vector layer; U is `vector_layer.tbl_uuid`. */
const layerTable = /^layer_[0-9a-f]{32}(?:_[eh])?$/;
/** `resource_tile_cache.uuid` without dashes. */
const cacheTable = /^[0-9a-f]{32}$/;

/** Member `tables` of the adapter: rules for the known tables of this schema. */
export function tables(schema: DatabaseSchema, stamp: Stamp): TableRule[] {
  return schema.tables.flatMap((table) => {
    const rule = ruleFor(table, stamp);
    return rule === null ? [] : [{ table: qualifiedName(table), ...rule }];
  });
}

type Rule = Omit<TableRule, 'table'>;

function ruleFor(table: Table, stamp: Stamp): Rule | null {
  if (table.schema === 'vector_layer') {
    return layerTable.test(table.name) ? { class: 'essential', keepRows: true } : null;
  }
  if (table.schema === 'tile_cache') {
    return isTileCache(table)
      ? { class: 'derived', keepRows: false, reason: facts.tileCacheReason }
      : null;
  }
  return table.schema === 'public' ? staticRule(table, stamp) : null;
}

/** Somebody's own table in that schema is not thrown away for its name. */
function isTileCache({ name, columns }: Table): boolean {
  const names = new Set(columns.map((column) => column.name));
  return cacheTable.test(name) && ['z', 'x', 'y', 'tstamp'].every((column) => names.has(column));
}

function staticRule(table: Table, stamp: Stamp): Rule | null {
  const known = classes.get(table.name);
  if (known === undefined) return null;
  const dropped = leftOut[table.name];
  const isDropped = dropped !== undefined && leavesOut(dropped, stamp);
  const columns = new Set(table.columns.map(({ name }) => name));
  const secrets = (secretColumns[table.name] ?? []).filter((column) => columns.has(column));
  return {
    class: known,
    keepRows: !isDropped,
    ...(isDropped ? { reason: dropped.reason } : {}),
    ...(secrets.length === 0 ? {} : { secretColumns: secrets }),
  };
}

/** As the product of that release does: 3.x keeps the rows of `auth_oauth_token`. */
function leavesOut({ since }: LeftOut, stamp: Stamp): boolean {
  if (since === undefined) return true;
  const release = stamp.range?.from ?? stamp.appVersion;
  return release !== null && isSince(release, since);
}
