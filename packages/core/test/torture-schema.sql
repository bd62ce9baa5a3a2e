-- One of each kind of object that PostgreSQL 15 has and the engine keeps, every data type, and names that want to be dangerous.
-- Run as superuser in an empty UTF8 database. Lines are grouped by kind; later groups use earlier ones. A line that ends in
-- `-- since 14` or `-- until 13` is for servers from that major version on or up to it (see torture-schema.ts).

-- Schemas, extensions
CREATE SCHEMA "Straße; drop schema public; --";
CREATE SCHEMA app;
CREATE SCHEMA ext;
COMMENT ON SCHEMA app IS E'it''s a \\ comment\nof two lines';
COMMENT ON SCHEMA public IS 'our public schema';
CREATE EXTENSION hstore WITH SCHEMA ext;
CREATE EXTENSION citext WITH SCHEMA public;
CREATE EXTENSION btree_gist WITH SCHEMA ext;
CREATE EXTENSION pg_trgm WITH SCHEMA ext;
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION ltree;
CREATE EXTENSION cube WITH SCHEMA ext;
CREATE EXTENSION earthdistance WITH SCHEMA ext;
COMMENT ON EXTENSION hstore IS 'not the usual comment';

-- Collations
CREATE COLLATION app.german (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION app."No Case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION app.plain (lc_collate = 'C', lc_ctype = 'C.UTF-8');
COMMENT ON COLLATION app.german IS 'phone book';

-- Types
CREATE TYPE app.mood AS ENUM ('sad', 'o''k', 'happy "really"', E'two\nlines', '');
ALTER TYPE app.mood ADD VALUE 'between' BEFORE 'happy "really"';
CREATE TYPE app."Empty Enum" AS ENUM ();
CREATE TYPE app.address AS (street text COLLATE app.german, "No." varchar(10), codes int[], feeling app.mood);
CREATE TYPE app.nothing AS ();
CREATE TYPE app.float_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = app."Many Floats"); -- since 14
CREATE TYPE app.float_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi); -- until 13
CREATE TYPE app.text_range AS RANGE (SUBTYPE = text, COLLATION = "C", SUBTYPE_OPCLASS = text_pattern_ops);
CREATE DOMAIN app.percent AS numeric(5,2) DEFAULT 0 NOT NULL CONSTRAINT "between 0 and 100" CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN app.small_percent AS app.percent CHECK (VALUE < 10) CONSTRAINT even CHECK (VALUE::int % 2 = 0);
CREATE DOMAIN app.word AS text COLLATE app.german;
CREATE DOMAIN app.words AS varchar(20)[] CHECK (array_length(VALUE, 1) < 5);
ALTER DOMAIN app.word ADD CONSTRAINT later CHECK (VALUE <> '') NOT VALID;
COMMENT ON TYPE app.mood IS 'how it feels';
COMMENT ON TYPE app.address IS 'where it is';
COMMENT ON COLUMN app.address."No." IS 'house number';
COMMENT ON DOMAIN app.percent IS 'of hundred';
COMMENT ON CONSTRAINT "between 0 and 100" ON DOMAIN app.percent IS 'both included';

-- Functions, procedures, aggregates
CREATE FUNCTION app.add(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS 'SELECT a + b';
CREATE FUNCTION app.add(a text, VARIADIC b text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $body$SELECT a || array_to_string(b, '$function$; ')$body$;
CREATE FUNCTION app.is_word(app.word) RETURNS boolean LANGUAGE plpgsql IMMUTABLE LEAKPROOF AS $$BEGIN RETURN $1 ~ '^\w+$'; END$$;
CREATE FUNCTION app.rows(OUT id integer, OUT "Name" text) RETURNS SETOF record LANGUAGE sql ROWS 5 AS 'SELECT 1, ''a''';
CREATE FUNCTION app.tabled() RETURNS TABLE (x app.mood, y timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = app, public SET work_mem = '1MB' AS 'SELECT NULL::app.mood, now()';
CREATE FUNCTION app.modern(x int) RETURNS int LANGUAGE sql IMMUTABLE RETURN x * 2; -- since 14
CREATE FUNCTION app.modern(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2'; -- until 13
CREATE FUNCTION app.atomic(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT app.modern(x); SELECT x + 1; END; -- since 14
CREATE PROCEDURE app."Do it"(INOUT a integer) LANGUAGE plpgsql AS $$BEGIN a := a + 1; COMMIT; END$$;
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN PERFORM 1; END$$;
CREATE FUNCTION app.total_step(state numeric, next numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT coalesce(state, 0) + coalesce(next, 0)';
CREATE FUNCTION app.total_back(state numeric, next numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT coalesce(state, 0) - coalesce(next, 0)';
CREATE FUNCTION app.total_end(state numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT state';
CREATE AGGREGATE app.total(numeric) (SFUNC = app.total_step, STYPE = numeric, FINALFUNC = app.total_end, INITCOND = '0', COMBINEFUNC = app.total_step,
  MSFUNC = app.total_step, MINVFUNC = app.total_back, MSTYPE = numeric, MINITCOND = '0', PARALLEL = SAFE);
CREATE AGGREGATE app.count_all(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
CREATE AGGREGATE app.middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE app.least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);
COMMENT ON FUNCTION app.add(integer, integer) IS 'adds';
COMMENT ON PROCEDURE app."Do it"(integer) IS 'does';
COMMENT ON AGGREGATE app.total(numeric) IS 'sums';
COMMENT ON AGGREGATE app.count_all(*) IS 'counts';
COMMENT ON AGGREGATE app.middle(float8 ORDER BY anyelement) IS 'median';
ALTER DOMAIN app.word ADD CONSTRAINT called CHECK (app.is_word(VALUE));

-- Operators, classes, casts
CREATE TYPE app.pair AS (a integer, b integer);
CREATE FUNCTION app.pair_eq(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a = $2.a AND $1.b = $2.b';
CREATE FUNCTION app.pair_ne(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT NOT ($1.a = $2.a AND $1.b = $2.b)';
CREATE FUNCTION app.pair_lt(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE FUNCTION app.pair_gt(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a > $2.a';
CREATE FUNCTION app.pair_cmp(app.pair, app.pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2.a';
CREATE FUNCTION app.pair_neg(app.pair) RETURNS app.pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW(-$1.a, -$1.b)::app.pair';
CREATE OPERATOR app.=== (FUNCTION = app.pair_eq, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.===), NEGATOR = OPERATOR(app.!==), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR app.!== (FUNCTION = app.pair_ne, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.!==), NEGATOR = OPERATOR(app.===), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR app.<<< (FUNCTION = app.pair_lt, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.>>>));
CREATE OPERATOR app.>>> (FUNCTION = app.pair_gt, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.<<<));
CREATE OPERATOR app.~~- (FUNCTION = app.pair_neg, RIGHTARG = app.pair);
COMMENT ON OPERATOR app.=== (app.pair, app.pair) IS 'the same';
COMMENT ON OPERATOR app.~~- (NONE, app.pair) IS 'turned';
CREATE OPERATOR FAMILY app."Pairs" USING btree;
CREATE OPERATOR CLASS app.pair_ops FOR TYPE app.pair USING btree FAMILY app."Pairs" AS
  OPERATOR 1 app.<<<, OPERATOR 3 app.===, OPERATOR 5 app.>>>, FUNCTION 1 app.pair_cmp(app.pair, app.pair);
CREATE OPERATOR CLASS app.int_hash DEFAULT FOR TYPE app.pair USING hash AS OPERATOR 1 app.===;
COMMENT ON OPERATOR CLASS app.pair_ops USING btree IS 'by the first';
COMMENT ON OPERATOR FAMILY app."Pairs" USING btree IS 'family';
CREATE FUNCTION app.pair_text(app.pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.a || ''/'' || $1.b';
CREATE CAST (app.pair AS text) WITH FUNCTION app.pair_text(app.pair) AS ASSIGNMENT;
CREATE CAST (app.pair AS app.mood) WITH INOUT;
COMMENT ON CAST (app.pair AS text) IS 'a/b';

-- Text search
CREATE TEXT SEARCH DICTIONARY app.stem (TEMPLATE = snowball, Language = german, StopWords = german);
CREATE TEXT SEARCH DICTIONARY app.plain (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION app.search (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR word, asciiword WITH app.plain, app.stem;
ALTER TEXT SEARCH CONFIGURATION app.search DROP MAPPING FOR url;
COMMENT ON TEXT SEARCH CONFIGURATION app.search IS 'ours';

-- Sequences
CREATE SEQUENCE app.free AS smallint START 5 INCREMENT -1 MINVALUE -10 MAXVALUE 100 CACHE 7 CYCLE;
CREATE SEQUENCE app."Un Owned";
CREATE UNLOGGED SEQUENCE app.unlogged; -- since 15
COMMENT ON SEQUENCE app.free IS 'nobody''s';
SELECT nextval('app."Un Owned"'), setval('app.free', 42, false);

-- Every data type
CREATE TABLE app.all_types (
  c_smallint smallint, c_integer integer, c_bigint bigint, c_numeric numeric, c_numeric_10_2 numeric(10,2),
  c_real real, c_double double precision, c_smallserial smallserial, c_serial serial, c_bigserial bigserial, c_money money,
  c_varchar varchar, c_varchar_20 varchar(20), c_char char, c_char_7 char(7), c_text text, c_name name, c_internal "char", c_bytea bytea,
  c_timestamp timestamp, c_timestamp_3 timestamp(3), c_timestamptz timestamptz, c_timestamptz_0 timestamptz(0), c_date date, c_time time, c_time_2 time(2),
  c_timetz timetz, c_interval interval, c_interval_ym interval year to month, c_interval_s interval second(3), c_boolean boolean,
  c_point point, c_line line, c_lseg lseg, c_box box, c_path path, c_polygon polygon, c_circle circle, c_cidr cidr, c_inet inet, c_macaddr macaddr, c_macaddr8 macaddr8,
  c_bit bit, c_bit_8 bit(8), c_varbit bit varying, c_varbit_9 bit varying(9), c_tsvector tsvector, c_tsquery tsquery, c_uuid uuid, c_xml xml,
  c_json json, c_jsonb jsonb, c_jsonpath jsonpath, c_int_array int[], c_text_2d text[][], c_varchar_array varchar(5)[], c_bounded int[3],
  c_int4range int4range, c_int8range int8range, c_numrange numrange, c_tsrange tsrange, c_tstzrange tstzrange, c_daterange daterange,
  c_oid oid, c_regclass regclass, c_regproc regproc, c_regprocedure regprocedure, c_regtype regtype, c_regrole regrole, c_regnamespace regnamespace, c_regoper regoper,
  c_regoperator regoperator, c_regconfig regconfig, c_regdictionary regdictionary,
  c_pg_lsn pg_lsn, c_txid txid_snapshot, c_xid xid, c_cid cid, c_tid tid, c_aclitem aclitem[],
  c_mood app.mood, c_moods app.mood[], c_empty app."Empty Enum", c_address app.address, c_addresses app.address[], c_nothing app.nothing, c_float_range app.float_range,
  c_text_range app.text_range, c_percent app.percent, c_small app.small_percent, c_word app.word, c_words app.words, c_pair app.pair,
  c_hstore ext.hstore, c_citext citext, c_ltree ltree, c_lquery lquery, c_cube ext.cube
);
ALTER TABLE app.all_types ADD c_regcollation regcollation, ADD c_snapshot pg_snapshot, ADD c_xid8 xid8; -- since 13
ALTER TABLE app.all_types ADD c_numeric_neg numeric(3,-2), ADD c_numeric_frac numeric(2,5); -- since 15
ALTER TABLE app.all_types ADD c_int4multirange int4multirange, ADD c_nummultirange nummultirange, ADD c_tstzmultirange tstzmultirange, ADD c_many app."Many Floats"; -- since 14
COMMENT ON COLUMN app.all_types.c_citext IS '';
COMMENT ON COLUMN app.all_types.c_hstore IS 'keys => values';

-- Hostile names
CREATE TABLE public."""; drop table x; --" ("a""b" integer PRIMARY KEY, "new
line" text, "Upper" text, "select" text, "ünïcödé 💾" text, "tab	here" text, "back\slash" text, " " text, "$1" text, "%s" text);
COMMENT ON TABLE public."""; drop table x; --" IS '"; drop table y; -- '' \ $$';
COMMENT ON COLUMN public."""; drop table x; --"."a""b" IS 'quoted';
CREATE INDEX "in""dex;" ON public."""; drop table x; --" ("Upper" DESC NULLS LAST, lower("select"));
CREATE TABLE "Straße; drop schema public; --"."order" ("from" integer DEFAULT 1, "Check" text CHECK ("Check" <> 'it''s \'), CONSTRAINT "con; straint" UNIQUE ("from", "Check"));
CREATE TABLE "Straße; drop schema public; --"."x" ("order" integer REFERENCES public."""; drop table x; --");
CREATE VIEW "Straße; drop schema public; --"."vi""ew" AS SELECT "from" AS "a""b", "Check" AS "new
line" FROM "Straße; drop schema public; --"."order";
COMMENT ON CONSTRAINT "con; straint" ON "Straße; drop schema public; --"."order" IS 'unique';
DO $$BEGIN EXECUTE 'CREATE TABLE app.wide (' || (SELECT string_agg('column_' || i || ' boolean', ', ') FROM generate_series(1, 1600) i) || ')'; END$$;
CREATE TABLE app.no_columns ();
CREATE TABLE app.a234567890123456789012345678901234567890123456789012345678901 (b234567890123456789012345678901234567890123456789012345678901 serial PRIMARY KEY);

-- Tables: defaults, generated columns, identity, options, dropped columns
CREATE TABLE app.person (
  gone_1 text,
  id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5 MINVALUE 5 MAXVALUE 100000 CACHE 3 CYCLE) PRIMARY KEY,
  other integer GENERATED BY DEFAULT AS IDENTITY,
  uid uuid NOT NULL,
  uid2 uuid DEFAULT public.uuid_generate_v4(),
  name text COLLATE app.german NOT NULL DEFAULT E'it''s\n\\',
  gone_2 text,
  twice integer DEFAULT app.add(1, 2),
  number integer DEFAULT nextval('app."Un Owned"'),
  created timestamptz DEFAULT now() NOT NULL,
  since timestamptz DEFAULT '2020-01-01 12:00+02',
  took interval DEFAULT '1 day 02:00',
  ratio float8 DEFAULT 0.1,
  raw bytea DEFAULT '\x00ff',
  full_name text GENERATED ALWAYS AS (upper(name) || '!') STORED,
  modern integer GENERATED ALWAYS AS (app.modern(other)) STORED NOT NULL,
  mood app.mood DEFAULT 'happy "really"' CHECK (mood <> 'sad'),
  CONSTRAINT "name is short" CHECK (length(name) < 100),
  CONSTRAINT "calls" CHECK (app.is_word(name)),
  CONSTRAINT here CHECK (other > 0) NO INHERIT
) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE app.person DROP COLUMN gone_1, DROP COLUMN gone_2;
ALTER TABLE app.person ALTER COLUMN raw SET STORAGE EXTERNAL, ALTER COLUMN ratio SET STATISTICS 500, ALTER COLUMN ratio SET (n_distinct = -0.5, n_distinct_inherited = 5);
ALTER TABLE app.person ADD CONSTRAINT later CHECK (ratio > 0) NOT VALID;
ALTER TABLE app.person ALTER COLUMN uid SET DEFAULT gen_random_uuid(); -- since 13
ALTER TABLE app.person ALTER COLUMN name SET COMPRESSION pglz; -- since 14
ALTER TABLE app.person REPLICA IDENTITY FULL;
COMMENT ON TABLE app.person IS 'people';
COMMENT ON CONSTRAINT "name is short" ON app.person IS 'short';
CREATE FUNCTION app.person_label(p app.person) RETURNS text LANGUAGE sql STABLE AS 'SELECT p.name';
CREATE FUNCTION app.person_or_nobody(p app.person[]) RETURNS app.person LANGUAGE sql IMMUTABLE AS 'SELECT p[1]';
ALTER TABLE app.person ADD COLUMN copy_of integer;
ALTER TABLE app.person ALTER COLUMN copy_of SET DEFAULT length(app.person_label(NULL));
CREATE TABLE app.holds_rows (one app.person, many app.person[], label text DEFAULT app.person_label(NULL));
CREATE UNLOGGED TABLE app.fast (id serial PRIMARY KEY, other bigint GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE app.fast_id_seq SET LOGGED; -- since 15
CREATE TABLE app.renamed (id serial PRIMARY KEY);
ALTER TABLE app.renamed RENAME TO "Renamed Table";
ALTER SEQUENCE app.renamed_id_seq RENAME TO "Other; Sequence";
CREATE TABLE app.typed OF app.pair (a WITH OPTIONS DEFAULT 1 NOT NULL, PRIMARY KEY (a), CHECK (b > a));
CREATE TABLE app.typed_plain OF app.address;
CREATE TABLE app.identified (id integer NOT NULL, code text NOT NULL);
CREATE UNIQUE INDEX identified_by_code ON app.identified (code);
ALTER TABLE app.identified REPLICA IDENTITY USING INDEX identified_by_code, CLUSTER ON identified_by_code;
CREATE TABLE app.unidentified (id integer);
ALTER TABLE app.unidentified REPLICA IDENTITY NOTHING;
CREATE TABLE app.no_key (a integer, b text);

-- Keys: circles, deferrable, exclusion, several columns
CREATE TABLE app.hen (id integer PRIMARY KEY, egg integer NOT NULL);
CREATE TABLE app.egg (id integer PRIMARY KEY, hen integer NOT NULL REFERENCES app.hen DEFERRABLE INITIALLY DEFERRED, mother integer REFERENCES app.egg ON DELETE CASCADE);
ALTER TABLE app.hen ADD CONSTRAINT hen_egg FOREIGN KEY (egg) REFERENCES app.egg ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE;
CREATE TABLE app.keys (
  z integer, a integer, m text,
  CONSTRAINT "the key" PRIMARY KEY (m, a) INCLUDE (z) WITH (fillfactor = 80),
  CONSTRAINT late UNIQUE (a) DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE app.keys ADD CONSTRAINT distinct_nulls UNIQUE NULLS NOT DISTINCT (z); -- since 15
COMMENT ON CONSTRAINT "the key" ON app.keys IS 'm before a';
CREATE TABLE app.refers (m text, a integer, b integer, FOREIGN KEY (m, a) REFERENCES app.keys (m, a) MATCH FULL);
ALTER TABLE app.refers ADD CONSTRAINT partly FOREIGN KEY (m, b) REFERENCES app.keys (m, a) ON DELETE SET NULL (b); -- since 15
ALTER TABLE app.refers ADD CONSTRAINT unproved FOREIGN KEY (a) REFERENCES app.egg NOT VALID;
CREATE TABLE app.booking (room integer, during tstzrange, who text, EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (who <> '') DEFERRABLE);

-- Indexes
CREATE INDEX by_expression ON app.person (lower(name) COLLATE "C" text_pattern_ops DESC, (other + 1) NULLS FIRST) INCLUDE (ratio) WHERE mood IS NOT NULL AND name <> 'a;b';
CREATE UNIQUE INDEX partial ON app.person (name) WHERE twice > 3;
CREATE INDEX by_hash ON app.person USING hash (name);
CREATE INDEX by_trigram ON app.person USING gin (name ext.gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX by_trigram_gist ON app.person USING gist (name ext.gist_trgm_ops (siglen = 32)); -- since 13
CREATE INDEX by_block ON app.person USING brin (created) WITH (pages_per_range = 16);
CREATE INDEX by_function ON app.person (app.modern(other));
ALTER INDEX app.by_function ALTER COLUMN 1 SET STATISTICS 77;
CREATE INDEX by_pair ON app.all_types (c_pair app.pair_ops);
CREATE INDEX by_key ON app.all_types USING gin (c_jsonb jsonb_path_ops);
COMMENT ON INDEX app.by_hash IS 'hashed';

-- Inheritance
CREATE TABLE app.base (id serial PRIMARY KEY, kind text DEFAULT 'base' NOT NULL, extra integer CHECK (extra > 0));
CREATE TABLE app.child (own text, kind text DEFAULT 'child') INHERITS (app.base);
CREATE TABLE app.grandchild (CHECK (own <> '')) INHERITS (app.child) WITH (fillfactor = 50);
ALTER TABLE app.child ALTER COLUMN extra DROP DEFAULT, ALTER COLUMN extra SET NOT NULL;
ALTER TABLE app.grandchild ALTER COLUMN extra SET DEFAULT 3;
CREATE TABLE app.second_base (id bigint, second text);
CREATE TABLE app.both (mine integer) INHERITS (app.child, app.no_key);
CREATE TABLE app.adopted (z text, extra integer CHECK (extra > 0), kind text NOT NULL, id integer NOT NULL, CONSTRAINT base_extra_check CHECK (extra > 0));
ALTER TABLE app.adopted DROP CONSTRAINT adopted_extra_check;
ALTER TABLE app.adopted INHERIT app.base;

-- Partitions
CREATE TABLE app.measure (id bigserial, at date NOT NULL, place text NOT NULL, value numeric DEFAULT 1, note text, PRIMARY KEY (at, place), CHECK (value > 0)) PARTITION BY RANGE (at);
CREATE TABLE app.measure_2024 PARTITION OF app.measure (note DEFAULT '2024') FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.measure_old PARTITION OF app.measure FOR VALUES FROM (MINVALUE) TO ('2024-01-01') PARTITION BY LIST (place);
CREATE TABLE app.measure_old_home PARTITION OF app.measure_old FOR VALUES IN ('home', 'it''s', 'garden') WITH (fillfactor = 60);
CREATE TABLE app.measure_old_rest PARTITION OF app.measure_old DEFAULT;
CREATE TABLE app.measure_2025 (note text, dropped text, place text NOT NULL, value numeric, at date NOT NULL, id bigint NOT NULL, CONSTRAINT measure_value_check CHECK (value > 0), CONSTRAINT only_here CHECK (place <> 'x'));
ALTER TABLE app.measure_2025 DROP COLUMN dropped;
ALTER TABLE app.measure ATTACH PARTITION app.measure_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX measure_place ON app.measure (place, lower(note));
CREATE INDEX measure_only ON ONLY app.measure (value);
CREATE INDEX measure_2024_value ON app.measure_2024 (value);
ALTER INDEX app.measure_only ATTACH PARTITION app.measure_2024_value;
CREATE INDEX just_here ON app.measure_2025 (note);
CREATE TABLE app.hashed (id integer, v text) PARTITION BY HASH (id, lower(v));
CREATE TABLE app.hashed_0 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.hashed_1 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE app.childless (id integer, mood app.mood) PARTITION BY LIST (mood);
ALTER TABLE app.measure ADD CONSTRAINT to_measure UNIQUE (at, place, id);
CREATE TABLE app.of_measure (at date, place text, FOREIGN KEY (at, place) REFERENCES app.measure);
ALTER TABLE app.hashed ADD FOREIGN KEY (id) REFERENCES app.egg;
COMMENT ON TABLE app.measure_2025 IS 'attached';
COMMENT ON CONSTRAINT measure_value_check ON app.measure_2025 IS 'from above';
COMMENT ON CONSTRAINT base_extra_check ON app.child IS 'inherited';
COMMENT ON INDEX app.measure_2024_value IS 'of a part';
COMMENT ON CONSTRAINT measure_2024_pkey ON app.measure_2024 IS 'key of a part';
COMMENT ON INDEX app.measure_pkey IS 'index of a key';
COMMENT ON CONSTRAINT hashed_id_fkey ON app.hashed_0 IS 'foreign key of a part';
ALTER TABLE app.base ADD CONSTRAINT base_later CHECK (id > 0) NOT VALID;
CREATE TABLE app.late_child () INHERITS (app.base);

-- Views, rules
CREATE VIEW app.adults AS SELECT id, name, twice FROM app.person WHERE twice > 17;
ALTER VIEW app.adults ALTER COLUMN name SET DEFAULT 'nobody';
CREATE VIEW app.safe WITH (security_barrier) AS SELECT * FROM app.adults WITH LOCAL CHECK OPTION;
ALTER VIEW app.safe SET (security_invoker = true); -- since 15
CREATE VIEW app.grouped AS SELECT p.id, p.name, count(*) AS n FROM app.person p JOIN app.egg e ON e.id = p.id GROUP BY p.id;
CREATE RECURSIVE VIEW app.numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
CREATE VIEW app.no_column AS SELECT;
CREATE FUNCTION app.uses_view() RETURNS SETOF app.grouped LANGUAGE sql BEGIN ATOMIC SELECT * FROM app.grouped; END; -- since 14
CREATE VIEW app.uses_function AS SELECT u.n FROM app.uses_view() u; -- since 14
CREATE VIEW app.a_first_by_name AS SELECT * FROM app.uses_function; -- since 14
COMMENT ON VIEW app.adults IS 'of age';
COMMENT ON COLUMN app.adults.twice IS 'a view''s column';
CREATE MATERIALIZED VIEW app.z_counts WITH (fillfactor = 90) AS SELECT kind, count(*) AS n FROM app.base GROUP BY kind;
CREATE MATERIALIZED VIEW app.a_counts AS SELECT sum(n) AS n FROM app.z_counts;
CREATE MATERIALIZED VIEW app.unfilled AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX z_counts_kind ON app.z_counts (kind);
ALTER MATERIALIZED VIEW app.z_counts ALTER COLUMN n SET STATISTICS 9;
COMMENT ON MATERIALIZED VIEW app.z_counts IS 'counted';
CREATE RULE "re;direct" AS ON INSERT TO app.adults WHERE NEW.twice > 3 DO INSTEAD INSERT INTO app.no_key VALUES (NEW.twice, NEW.name);
CREATE RULE quiet AS ON DELETE TO app.no_key DO ALSO NOTHING;
ALTER TABLE app.no_key DISABLE RULE quiet;
COMMENT ON RULE quiet ON app.no_key IS 'quiet';
CREATE VIEW app.becomes AS SELECT 1 AS a;

-- Triggers
DO $$BEGIN FOR i IN 1..34 LOOP EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE OF b ON app.no_key FOR EACH ROW WHEN (NEW.a = %s) EXECUTE FUNCTION app.note(%L, ''it''''s'')', 'note ' || i, i, i); END LOOP; END$$;
ALTER TABLE app.no_key DISABLE TRIGGER "note 3";
ALTER TABLE app.no_key ENABLE REPLICA TRIGGER "note 4";
ALTER TABLE app.no_key ENABLE ALWAYS TRIGGER "note 5";
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON app.person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.note();
CREATE TRIGGER statement_level AFTER UPDATE ON app.person REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION app.note();
CREATE TRIGGER emptied AFTER TRUNCATE ON app.person EXECUTE FUNCTION app.note();
CREATE TRIGGER instead INSTEAD OF INSERT ON app.becomes FOR EACH ROW EXECUTE FUNCTION app.note();
CREATE TRIGGER on_all AFTER INSERT ON app.measure FOR EACH ROW EXECUTE FUNCTION app.note();
ALTER TABLE app.measure_2024 DISABLE TRIGGER on_all; -- since 13
CREATE TRIGGER off BEFORE INSERT ON app.measure FOR EACH ROW EXECUTE FUNCTION app.note(); -- since 13
ALTER TABLE app.measure DISABLE TRIGGER off; -- since 13
ALTER TABLE app.measure_2025 ENABLE TRIGGER off; -- since 13
COMMENT ON TRIGGER checked ON app.person IS 'checks';
CREATE EVENT TRIGGER "on ddl" ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER "on ddl" DISABLE;
COMMENT ON EVENT TRIGGER "on ddl" IS 'off';

-- Row security, statistics, publications
ALTER TABLE app.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.egg ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "po;licy" ON app.person AS RESTRICTIVE FOR UPDATE TO public USING (name = 'a') WITH CHECK (twice > 3);
CREATE POLICY plain ON app.egg USING (EXISTS (SELECT FROM app.hen WHERE hen.id = egg.hen));
COMMENT ON POLICY plain ON app.egg IS 'of a hen';
CREATE STATISTICS app.related (dependencies, mcv) ON a, b FROM app.no_key;
CREATE STATISTICS app.of_expression ON (a + 1), b FROM app.no_key; -- since 14
ALTER STATISTICS app.related SET STATISTICS 50; -- since 13
COMMENT ON STATISTICS app.related IS 'a and b';
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, truncate');
CREATE PUBLICATION "so me" FOR TABLE app.hen (id, egg), ONLY app.egg WHERE (id > 3) WITH (publish_via_partition_root); -- since 15
CREATE PUBLICATION whole FOR TABLES IN SCHEMA app, TABLE public."""; drop table x; --"; -- since 15
COMMENT ON PUBLICATION "so me" IS 'some'; -- since 15

-- What later versions brought
CREATE OPERATOR app.!! (FUNCTION = app.pair_neg, LEFTARG = app.pair); -- until 13
CREATE COLLATION app.ruled (provider = icu, locale = 'de', rules = '& a < g'); -- since 16
CREATE COLLATION app.built_in (provider = builtin, locale = 'C.UTF-8'); -- since 17
CREATE TABLE app.numbered (id integer GENERATED ALWAYS AS IDENTITY, part integer) PARTITION BY LIST (part); -- since 17
CREATE TABLE app.numbered_1 PARTITION OF app.numbered FOR VALUES IN (1); -- since 17
CREATE TABLE app.excluded (part integer, during tsrange, EXCLUDE USING gist (part WITH =, during WITH &&)) PARTITION BY LIST (part); -- since 17
CREATE TABLE app.excluded_1 PARTITION OF app.excluded FOR VALUES IN (1); -- since 17
CREATE DOMAIN app.named_not_null AS text CONSTRAINT "is there" NOT NULL; -- since 17
CREATE TABLE app.virtual (a integer CONSTRAINT "a is there" NOT NULL, b integer GENERATED ALWAYS AS (a * 2), c integer, d integer CONSTRAINT here NOT NULL NO INHERIT, CONSTRAINT wish CHECK (a > 0) NOT ENFORCED); -- since 18
ALTER TABLE app.virtual ADD CONSTRAINT "c some day" NOT NULL c NOT VALID; -- since 18
CREATE TABLE app.virtual_child (e integer, CONSTRAINT e_there NOT NULL e) INHERITS (app.virtual); -- since 18
CREATE TABLE app.virtual_other (CONSTRAINT d_too NOT NULL d) INHERITS (app.virtual); -- since 18
COMMENT ON CONSTRAINT "a is there" ON app.virtual IS 'not null'; -- since 18
CREATE TABLE app.period (id integer, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS)); -- since 18
CREATE TABLE app.of_period (id integer, during daterange, FOREIGN KEY (id, PERIOD during) REFERENCES app.period (id, PERIOD during)); -- since 18
ALTER TABLE app.of_period ADD CONSTRAINT hope FOREIGN KEY (id) REFERENCES app.egg NOT ENFORCED; -- since 18
CREATE PUBLICATION generated FOR TABLE app.virtual WITH (publish_generated_columns = stored); -- since 18
