// Queries of digest-postgres.ts: each row is one object, `key` says which, `text` how it is defined.

/** Objects of the server and of extensions are nobody's data. `id` and `schema` are expressions. */
function own(catalogue: string, id: string, schema: string): string {
  return `${schema} !~ '^pg_' AND ${schema} <> 'information_schema' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.${catalogue}'::regclass AND d.objid = ${id} AND d.deptype = 'e')`;
}

/** The type regcollation came with PostgreSQL 13. */
function collation(id: string): string {
  return `(SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co
    JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = ${id})`;
}

// Of a composite type the type belongs to the extension, its relation only to the type.
const RELATION = `${own('pg_class', 'c.oid', 'n.nspname')} AND ${own('pg_type', 'c.reltype', 'n.nspname')}`;

const PARTS = [
  `SELECT format('schema %I', n.nspname) AS key, '' AS text FROM pg_catalog.pg_namespace n
   WHERE ${own('pg_namespace', 'n.oid', 'n.nspname')}`,
  `SELECT format('extension %I', extname), format('%s in %I', extversion, extnamespace::regnamespace::text) FROM pg_catalog.pg_extension`,
  `SELECT format('relation %I.%I', n.nspname, c.relname),
     concat_ws(' ', c.relkind, c.relpersistence, c.reloptions::text, 'replica ' || c.relreplident::text, 'security ' || c.relrowsecurity || c.relforcerowsecurity,
       'partition ' || pg_get_partkeydef(c.oid), 'bound ' || pg_get_expr(c.relpartbound, c.oid),
       'inherits ' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
       'of ' || nullif(c.reloftype, 0)::regtype, 'rows of ' || pg_get_viewdef(c.oid))
   FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND ${RELATION}`,
  // Numbered without gaps: dropped columns leave numbers behind. The option pg_attver is the server's own mark
  // (PostgreSQL 15.20), which pg_dump leaves out, too.
  `SELECT format('column %I.%I.%I', n.nspname, c.relname, a.attname),
     concat_ws(' ', row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
       'identity ' || nullif(a.attidentity, '')::text, 'generated ' || nullif(a.attgenerated, '')::text, 'default ' || pg_get_expr(ad.adbin, ad.adrelid),
       'collate ' || ${collation('(SELECT nullif(a.attcollation, t.typcollation) FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid)')},
       'storage ' || a.attstorage::text, 'options ' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\\_attver=%'), 'local ' || a.attislocal)
   FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   LEFT JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND ${RELATION}`,
  `SELECT format('constraint %s %I', CASE WHEN o.conrelid <> 0 THEN o.conrelid::regclass::text ELSE o.contypid::regtype::text END, o.conname),
     concat_ws(' ', pg_get_constraintdef(o.oid), CASE WHEN NOT o.convalidated THEN 'not valid' END)
   FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
   WHERE o.contype <> 't' AND ${own('pg_class', 'o.conrelid', 'n.nspname')} AND ${own('pg_type', 'o.contypid', 'n.nspname')}`,
  `SELECT format('index %I.%I', n.nspname, c.relname),
     concat_ws(' ', pg_get_indexdef(c.oid), CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica' END, CASE WHEN NOT i.indisvalid THEN 'invalid' END,
       (SELECT string_agg(a.attnum || ' statistics ' || a.attstattarget, ', ') FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget > 0))
   FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE ${own('pg_class', 'i.indrelid', 'n.nspname')}`,
  `SELECT format('sequence %I.%I', n.nspname, c.relname),
     concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       (SELECT 'owned by ' || d.refobjid::regclass || '.' || quote_ident(a.attname) || ' ' || d.deptype::text FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
   FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ${RELATION}`,
  `SELECT format('routine %s', p.oid::regprocedure),
     CASE WHEN p.prokind = 'a' THEN concat_ws(' ', g.aggtransfn::regprocedure, g.aggtranstype::regtype, nullif(g.aggfinalfn, 0)::regprocedure, g.agginitval) ELSE pg_get_functiondef(p.oid) END
   FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
   WHERE ${own('pg_proc', 'p.oid', 'n.nspname')}`,
  `SELECT format('trigger %s %I', t.tgrelid::regclass, t.tgname), pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
   FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT t.tgisinternal AND ${RELATION}`,
  `SELECT format('rule %s %I', r.ev_class::regclass, r.rulename), pg_get_ruledef(r.oid) || ' ' || r.ev_enabled::text
   FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN' AND ${RELATION}`,
  `SELECT format('policy %s %I', p.polrelid::regclass, p.polname),
     concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
   FROM pg_catalog.pg_policy p`,
  `SELECT format('type %s', t.oid::regtype),
     concat_ws(' ', t.typtype, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) || ' ' || t.typnotnull END, 'default ' || t.typdefault,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
       (SELECT concat_ws(' ', r.rngsubtype::regtype, ${collation('r.rngcollation')}, nullif(r.rngcanonical, 0)::regprocedure, nullif(r.rngsubdiff, 0)::regprocedure)
        FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid))
   FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('d', 'e', 'r') AND ${own('pg_type', 't.oid', 'n.nspname')}`,
  `SELECT format('collation %s', ${collation('l.oid')}), concat_ws(' ', l.collprovider, l.collisdeterministic, l.collencoding, l.collcollate, l.collctype,
     to_jsonb(l) ->> 'colliculocale', to_jsonb(l) ->> 'colllocale')
   FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE ${own('pg_collation', 'l.oid', 'n.nspname')}`,
  `SELECT format('statistics %I.%I', n.nspname, x.stxname), pg_get_statisticsobjdef(x.oid)
   FROM pg_catalog.pg_statistic_ext x JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace WHERE ${own('pg_statistic_ext', 'x.oid', 'n.nspname')}`,
  `SELECT format('operator %s', o.oid::regoperator), concat_ws(' ', o.oprcode, nullif(o.oprcom, 0)::regoperator, nullif(o.oprnegate, 0)::regoperator, o.oprcanhash, o.oprcanmerge)
   FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE ${own('pg_operator', 'o.oid', 'n.nspname')}`,
  `SELECT format('cast %s to %s', s.castsource::regtype, s.casttarget::regtype), concat_ws(' ', s.castmethod, s.castcontext, nullif(s.castfunc, 0)::regprocedure)
   FROM pg_catalog.pg_cast s WHERE s.oid >= 16384 AND ${own('pg_cast', 's.oid', "''::text")}`,
  `SELECT format('text search configuration %I.%I', n.nspname, f.cfgname),
     (SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = f.oid)
   FROM pg_catalog.pg_ts_config f JOIN pg_catalog.pg_namespace n ON n.oid = f.cfgnamespace WHERE ${own('pg_ts_config', 'f.oid', 'n.nspname')}`,
  `SELECT format('event trigger %I', e.evtname), concat_ws(' ', e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evttags::text) FROM pg_catalog.pg_event_trigger e`,
  `SELECT format('comment on %s %s', i.type, i.identity), d.description
   FROM pg_catalog.pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
   WHERE d.objoid >= 16384 AND i.type <> 'extension' AND NOT EXISTS (
     SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')`,
];

/** `key`, `text`. */
export const DEFINITIONS = PARTS.join('\nUNION ALL\n');

/** `key`, `schema`, `name` of everything that holds rows of its own. */
export const TABLES = `SELECT format('%I.%I', n.nspname, c.relname) AS key, n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND ${RELATION}`;

/** `key`, `schema`, `name`. */
export const SEQUENCES = `SELECT format('%I.%I', n.nspname, c.relname) AS key, n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND ${RELATION}`;

/** `key`, `text`. */
export const SETTINGS = `SELECT 'encoding' AS key, pg_encoding_to_char(encoding) AS text FROM pg_catalog.pg_database WHERE datname = current_database()
  UNION ALL SELECT 'collate', datcollate FROM pg_catalog.pg_database WHERE datname = current_database()
  UNION ALL SELECT 'ctype', datctype FROM pg_catalog.pg_database WHERE datname = current_database()
  UNION ALL SELECT 'large objects', count(*)::text FROM pg_catalog.pg_largeobject_metadata`;
