// Removes everything that users made in a database, and leaves what is the system's or an extension's.

import type { Session } from './connect.ts';
import { quoteIdentifier } from './identifiers.ts';
import { ofExtension, userSchemas } from './rights.ts';

/** Statements in one round trip. */
const batch = 100;

/** What lies in a schema: catalogue and word for DROP where it differs from that of pg_identify_object. */
const catalogues = [
  'pg_class',
  'pg_proc',
  'pg_type',
  'pg_operator',
  'pg_opclass',
  'pg_opfamily',
  'pg_collation',
  'pg_conversion',
  'pg_statistic_ext',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
];

/** Needs the transaction of the load. Throws `database-denied`, `database-locked`. */
export async function dropEverything(session: Session): Promise<void> {
  // A schema in which an extension lives stays, and `public`, which every database has.
  const schemas = await session.run<{ name: string }>(
    'list the schemas',
    `SELECT n.nspname AS name FROM pg_catalog.pg_namespace n
      WHERE ${userSchemas} AND n.nspname <> 'public' AND NOT ${ofExtension('pg_namespace', 'n.oid')}
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE x.extnamespace = n.oid)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_depend e
            ON e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e'
          WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid)
      ORDER BY 1`,
  );
  await runAll(
    session,
    schemas.map(({ name }) => `DROP SCHEMA ${quoteIdentifier(name)} CASCADE`),
  );
  // Event triggers lie in no schema and would watch what follows.
  const triggers = await session.run<{ name: string }>(
    'list the event triggers',
    `SELECT evtname AS name FROM pg_catalog.pg_event_trigger t
      WHERE NOT ${ofExtension('pg_event_trigger', 't.oid')} ORDER BY 1`,
  );
  await runAll(
    session,
    triggers.map(({ name }) => `DROP EVENT TRIGGER IF EXISTS ${quoteIdentifier(name)} CASCADE`),
  );
  // What is a part of another object (multirange types, constructors of ranges) goes with it.
  const objects = await session.run<{ kind: string; name: string }>(
    'list the objects',
    `SELECT o.type AS kind, o.identity AS name
      FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid,
        pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
      WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n'
        AND d.classid = ANY (SELECT ('pg_catalog.' || name)::pg_catalog.regclass FROM pg_catalog.unnest($1::text[]) name)
        AND ${userSchemas}
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
          WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i')
            AND (e.refclassid, e.refobjid) <> (e.classid, e.objid))
      ORDER BY d.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass, d.objid`,
    [catalogues],
  );
  await runAll(
    session,
    objects.map(({ kind, name }) => `DROP ${dropWord(kind)} IF EXISTS ${name} CASCADE`),
  );
}

/** pg_identify_object's words are those of DROP, with one exception. */
function dropWord(kind: string): string {
  return kind === 'statistics object' ? 'STATISTICS' : kind.toUpperCase();
}

async function runAll(session: Session, statements: readonly string[]): Promise<void> {
  for (let start = 0; start < statements.length; start += batch) {
    await session.run(
      'remove the former objects',
      statements.slice(start, start + batch).join(';\n'),
    );
  }
}
