// What layers show and no archive can have: buckets, databases and services elsewhere. Named without credentials: addresses
// lose user names, passwords, query strings and fragments, where keys usually are.

import type { DatabaseReader, External, Instance, SqlRow } from '@dms-backup/core';
import { settingOf, text, textOrNull } from '@dms-backup/core/adapter-kit';

interface Kind {
  readonly table: string;
  /** Columns beside `id` that the name is made of. */
  readonly columns: readonly string[];
  readonly kind: External['kind'];
  readonly name: (row: SqlRow) => string;
  /** What comes from there, for people. */
  readonly what: string;
}

/** raster_layer_storage (5.4), postgis_connection, *client_connection, basemap_layer: fact sheet section 4.2. */
const kinds: readonly Kind[] = [
  {
    table: 'raster_layer_storage',
    columns: ['endpoint', 'bucket', 'prefix'],
    kind: 'bucket',
    name: (row) =>
      [plainAddress(text(row, 'endpoint')), text(row, 'bucket'), text(row, 'prefix')]
        .map((part) => part.replaceAll(/^\/+|\/+$/g, ''))
        .filter((part) => part !== '')
        .join('/'),
    what: 'rasters of the storage',
  },
  {
    table: 'postgis_connection',
    columns: ['hostname', 'port', 'database'],
    kind: 'database',
    name: (row) => {
      const port = textOrNull(row['port']);
      return `${text(row, 'hostname')}${port === null ? '' : `:${port}`}/${text(row, 'database')}`;
    },
    what: 'tables of the PostGIS connection',
  },
  service('wmsclient_connection', 'url', 'maps of the WMS connection'),
  service('tmsclient_connection', 'url_template', 'tiles of the TMS connection'),
  service('wfsclient_connection', 'path', 'features of the WFS connection'),
  service('basemap_layer', 'url', 'tiles of the basemap'),
];

function service(table: string, column: string, what: string): Kind {
  return {
    table,
    columns: [column],
    kind: 'service',
    name: (row) => plainAddress(text(row, column)),
    what,
  };
}

/** Member `externals` of the adapter. */
export async function* externals(
  database: DatabaseReader,
  instance: Instance,
): AsyncGenerator<External, void, undefined> {
  for (const each of kinds) {
    const present = each.columns.filter((column) => database.has(`public.${each.table}`, column));
    if (present.length === 0 || !database.has('public.resource', 'id', 'display_name')) continue;
    const columns = present.map((column) => `c."${column}"`).join(', ');
    const sql = `SELECT c.id, r.display_name, ${columns} FROM public."${each.table}" c LEFT JOIN public.resource r ON r.id = c.id ORDER BY c.id`;
    for await (const row of database.query(sql)) {
      const title = text(row, 'display_name');
      yield {
        kind: each.kind,
        name: each.name(row) || 'an address that cannot be shown',
        reason: `${each.what} '${title}' (resource ${text(row, 'id')}) come from there`,
      };
    }
  }
  const markers = settingOf(instance, 'svg_marker_library.path');
  if (markers !== undefined) {
    yield {
      kind: 'directory',
      name: markers.value,
      reason: `marker images of the system (svg_marker_library.path in ${markers.source})`,
    };
  }
}

/** Tile addresses hold `{z}` and the like, so this is no full URL parser. */
function plainAddress(address: string): string {
  const [path = ''] = address.trim().split(/[?#]/, 1);
  const slashes = path.indexOf('//');
  const start = slashes < 0 ? 0 : slashes + 2;
  const end = path.indexOf('/', start);
  const host = path.slice(start, end < 0 ? undefined : end);
  const plain = host.slice(host.lastIndexOf('@') + 1);
  return `${path.slice(0, start)}${plain}${end < 0 ? '' : path.slice(end)}`;
}
