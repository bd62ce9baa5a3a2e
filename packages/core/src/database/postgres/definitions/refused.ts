// Kinds of objects that cannot be kept. They are looked for one by one and refused by name, never left out silently.

import { firstNormalOid, notOfExtension, unsupported, type CatalogueReader } from './reader.ts';

interface Refused {
  readonly kind: string;
  /** SQL: the name of one such object as text, or null. */
  readonly find: string;
  readonly hint?: string;
}

/** Objects of a catalogue that neither initdb nor an extension made. */
const anyOf = (catalogue: string, condition = 'true'): string =>
  `SELECT min((pg_identify_object('${catalogue}'::regclass, o.oid, 0)).identity) FROM ${catalogue} o
   WHERE o.oid >= ${firstNormalOid} AND ${notOfExtension(catalogue, 'o.oid')} AND ${condition}`;

const inSystemSchema = (column: string): string =>
  `${column} IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`;

const refused: readonly Refused[] = [
  { kind: 'foreign data wrapper', find: anyOf('pg_foreign_data_wrapper') },
  { kind: 'foreign server', find: anyOf('pg_foreign_server') },
  { kind: 'foreign table', find: anyOf('pg_class', `o.relkind = 'f'`) },
  { kind: 'access method', find: anyOf('pg_am') },
  { kind: 'language', find: anyOf('pg_language') },
  { kind: 'transform', find: anyOf('pg_transform') },
  { kind: 'conversion', find: anyOf('pg_conversion') },
  { kind: 'text search parser', find: anyOf('pg_ts_parser') },
  { kind: 'text search template', find: anyOf('pg_ts_template') },
  {
    kind: 'function in a system schema',
    find: anyOf('pg_proc', inSystemSchema('o.pronamespace')),
  },
  {
    kind: 'relation in a system schema',
    find: anyOf(
      'pg_class',
      `o.relkind IN ('r', 'p', 'v', 'm', 'S') AND ${inSystemSchema('o.relnamespace')}`,
    ),
  },
  {
    kind: 'large object',
    find: 'SELECT min(oid)::text FROM pg_largeobject_metadata',
    hint: 'Large objects (type lo, functions lo_*) are not kept yet. Remove those that are not needed with vacuumlo.',
  },
  {
    // Only these columns may be read by every role.
    kind: 'subscription',
    find: `SELECT min(subname::text) FROM pg_subscription
           WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    hint: 'A subscription would start to replicate into the restored database. Drop it before, and create it again after.',
  },
  {
    kind: 'security label',
    find: `SELECT min(provider || ' ' || label) FROM pg_seclabel l WHERE NOT EXISTS (SELECT FROM pg_depend d
           WHERE d.classid = l.classoid AND d.objid = l.objoid AND d.deptype = 'e')`,
  },
];

/** Throws `database-unsupported` for the first object of a kind that is not kept. */
export async function refuseUnsupported(reader: CatalogueReader): Promise<void> {
  const [row] = await reader.rows<{ names: (string | null)[] }>(
    `SELECT json_build_array(${refused.map(({ find }) => `(${find})`).join(', ')}) AS names`,
  );
  refused.forEach(({ kind, hint }, index) => {
    const name = row?.names[index];
    if (typeof name === 'string') throw unsupported(kind, name, hint);
  });
}
