// PostgreSQL's own words for a database, as the judge of our definitions: pg_dump, and the catalogue itself.

import { execFileSync } from 'node:child_process';
import type { Client } from 'pg';
import { postgresServer } from './postgres-server.ts';

/**
 * Major version of the pg_dump in PATH, which reads servers of its own version and older ones. 0 when there is none, as on a
 * machine that has only Node: the catalogue itself is the judge then. Where `CI` is set there must be one.
 */
export function pgDumpMajor(): number {
  try {
    const text = execFileSync('pg_dump', ['--version'], { encoding: 'utf8' });
    return Number(/(\d+)/.exec(text)?.[1]);
  } catch (error) {
    if (process.env['CI']) throw error;
    return 0;
  }
}

/**
 * `pg_dump -s` without owners and rights, cut into objects: header to body. Cut, because pg_dump breaks ties in its order by
 * object numbers, which a restore changes.
 */
export function dumpedObjects(database: string): Map<string, string> {
  const { host, port, user } = postgresServer();
  const text = execFileSync(
    'pg_dump',
    [
      '-s',
      '--no-owner',
      '--no-privileges',
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      user,
      '-d',
      database,
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const objects = new Map<string, string>();
  for (const part of text.split(/^-- Name: /m).slice(1)) {
    const [header = '', ...lines] = part.split('\n');
    const body = lines
      .filter(
        (line) =>
          !/^--|^SET \w+ = .*;$|^\\(un)?restrict |^SELECT pg_catalog\.set_config\('search_path'/.test(
            line,
          ),
      )
      .join('\n')
      .replaceAll(/\n{2,}/g, '\n')
      .trim();
    let key = header.replace(/; Owner: .*/, '');
    while (objects.has(key)) key += "'";
    objects.set(key, body);
  }
  return objects;
}

/**
 * Columns of catalogues that say what an object is; numbers of objects as names, as this server's version has them. Not compared:
 * connoinherit of keys, which ATTACH PARTITION leaves as it was before.
 */
const queries: readonly string[] = [
  `SELECT c.oid::regclass AS relation, attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attidentity, attgenerated, attstorage,
     attislocal, attinhcount, nullif(attstattarget, -1), attcollation::regcollation, pg_get_expr(adbin, adrelid)
   FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
   WHERE attnum > 0 AND NOT attisdropped AND own(c.relnamespace)`,
  `SELECT oid::regclass, relkind, relpersistence, reloptions, relreplident, relrowsecurity, relforcerowsecurity, relispopulated,
     relispartition, pg_get_expr(relpartbound, oid), relnatts - (SELECT count(*) FROM pg_attribute WHERE attrelid = c.oid AND attisdropped),
     reloftype::regtype, (SELECT amname FROM pg_am WHERE pg_am.oid = relam)
   FROM pg_class c WHERE own(relnamespace) AND relkind <> 't'`,
  `SELECT conrelid::regclass, contypid::regtype, conname, contype, condeferrable, condeferred, convalidated, conislocal, coninhcount,
     contype NOT IN ('p', 'u') AND connoinherit, pg_get_constraintdef(oid), to_jsonb(c) ->> 'conenforced'
   FROM pg_constraint c WHERE own(connamespace)`,
  `SELECT indexrelid::regclass, indisunique, indisprimary, indisclustered, indisvalid, indisreplident, pg_get_indexdef(indexrelid)
   FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE own(relnamespace)`,
  `SELECT tgrelid::regclass, CASE WHEN tgisinternal THEN '' ELSE tgname END, tgenabled, CASE WHEN NOT tgisinternal THEN pg_get_triggerdef(t.oid) END
   FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE own(relnamespace)`,
  `SELECT inhrelid::regclass, inhparent::regclass, inhseqno FROM pg_inherits`,
  `SELECT oid::regtype, typtype, typnotnull, typdefault, typbasetype::regtype, typtypmod, typcollation::regcollation, typarray::regtype
   FROM pg_type WHERE own(typnamespace)`,
  `SELECT enumtypid::regtype, row_number() OVER (PARTITION BY enumtypid ORDER BY enumsortorder), enumlabel FROM pg_enum`,
  `SELECT oid::regprocedure, prokind, provolatile, proparallel, prosecdef, proleakproof, proisstrict, proconfig, procost, prorows,
     CASE WHEN prokind <> 'a' THEN pg_get_functiondef(oid) END FROM pg_proc WHERE own(pronamespace)`,
  `SELECT aggfnoid::regprocedure, to_jsonb(a) - 'aggsortop' - 'aggtranstype' - 'aggmtranstype', aggsortop::regoperator,
     aggtranstype::regtype, aggmtranstype::regtype FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
   WHERE own(pronamespace)`,
  `SELECT oid::regoperator, oprkind, oprcanmerge, oprcanhash, oprcom::regoperator, oprnegate::regoperator, oprcode, oprrest, oprjoin
   FROM pg_operator WHERE own(oprnamespace)`,
  `SELECT seqrelid::regclass, to_jsonb(s) - 'seqrelid' FROM pg_sequence s`,
  `SELECT pg_describe_object(classid, objid, 0), pg_describe_object(refclassid, refobjid, refobjsubid), deptype FROM pg_depend
   WHERE deptype IN ('a', 'i') AND classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_class c WHERE c.oid = objid AND relkind = 'S')`,
  `SELECT (pg_identify_object(classoid, objoid, objsubid)).identity, description FROM pg_description WHERE objoid >= 16384 OR objoid = 'public'::regnamespace`,
  `SELECT polrelid::regclass, polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy`,
  `SELECT ev_class::regclass, rulename, ev_enabled, pg_get_ruledef(oid) FROM pg_rewrite r WHERE oid >= 16384`,
  `SELECT stxnamespace::regnamespace, stxname, to_jsonb(s) ->> 'stxstattarget', pg_get_statisticsobjdef(oid) FROM pg_statistic_ext s`,
  `SELECT collnamespace::regnamespace, collname, to_jsonb(c) - 'oid' - 'collnamespace' - 'collowner' FROM pg_collation c WHERE own(collnamespace)`,
  `SELECT evtname, evtevent, evtfoid::regproc, evtenabled, evttags FROM pg_event_trigger`,
  `SELECT pubname, to_jsonb(p) - 'oid' - 'pubowner' FROM pg_publication p`,
  `SELECT cfgnamespace::regnamespace, cfgname, maptokentype, mapseqno, mapdict::regdictionary FROM pg_ts_config c JOIN pg_ts_config_map m ON mapcfg = c.oid`,
  `SELECT castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod FROM pg_cast`,
  `SELECT opcnamespace::regnamespace, opcname, opcintype::regtype, opcdefault, opckeytype::regtype FROM pg_opclass`,
  `SELECT opfname, amoplefttype::regtype, amoprighttype::regtype, amopstrategy, amopopr::regoperator FROM pg_amop JOIN pg_opfamily f ON f.oid = amopfamily`,
];

/** Rows of the catalogues, sorted, one line each: what the server knows about the database besides owners and rights. */
export async function catalogueLines(client: Client, major: number): Promise<string[]> {
  await client.query("SET search_path = ''");
  const lines: string[] = [];
  for (const [number, query] of queries.entries()) {
    const sql = query
      .replaceAll(
        /own\(([\w.]+)\)/g,
        (_, column: string) => `${column}::regnamespace::text !~ '^(pg_|information_schema)'`,
      )
      .replaceAll('regcollation', major < 13 ? 'oid::int < 0' : 'regcollation')
      .replaceAll(/\w+::oid::int < 0/g, 'NULL');
    const { rows } = await client.query<{ line: string }>(
      `SELECT row(q.*)::text AS line FROM (${sql}) q`,
    );
    lines.push(...rows.map(({ line }) => `${number} ${line}`));
  }
  return lines.toSorted((left, right) => (left < right ? -1 : 1));
}
