import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { expect, test } from 'vitest';
import { rejection } from '../../../test/caught.ts';
import { scratchDatabase, type ScratchDatabase } from '../../../test/postgres-server.ts';
import {
  backUp,
  load,
  locationOf,
  quick,
  stateOf,
  targetOf,
  type Backup,
} from '../../../test/postgres-restore.ts';
import type { DatabaseSchema } from '../engine.ts';
import { postgresEngine } from './engine.ts';

type Definition = DatabaseSchema['preData'][number];

const simple = `CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t SELECT n, 'text ' || n FROM generate_series(1, 1000) n`;

async function filled(sql: string): Promise<{ database: ScratchDatabase; client: ClientBase }> {
  const database = await scratchDatabase('db');
  const client = await database.connect();
  await client.query(sql);
  return { database, client };
}

/** A role for the test; it is dropped when nothing depends on it any more in the databases of these clients. */
async function withRole(
  clients: readonly ClientBase[],
  name: string,
  run: () => Promise<void>,
): Promise<void> {
  const [first] = clients;
  await first?.query(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'`);
  try {
    await run();
  } finally {
    for (const client of clients) {
      await client.query(
        `REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name} CASCADE`,
      );
    }
    await first?.query(`DROP ROLE ${name}`);
  }
}

function as(user: string, { url }: { url: string }): { url: string } {
  return { url: url.replace(/\/\/[^@]*@/, `//${user}@`) };
}

const withPassword = { ...quick, password: 'secret' };

test('a rebuild replaces everything but extensions', async () => {
  const { database: source, client } = await filled(`${simple};
    CREATE SCHEMA s; CREATE TABLE s.u (a int REFERENCES t); INSERT INTO s.u VALUES (1);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse()`);
  const { database: target, client: watcher } = await filled(`
    CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE TABLE ext.mine (h ext.hstore); CREATE SCHEMA s; CREATE TABLE s."odd ""name" (a int);
    CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN d AS int; CREATE TYPE pair AS (a int); CREATE TYPE r AS RANGE (subtype = float8);
    CREATE TABLE t (m mood, d d); CREATE TABLE parent (a int) PARTITION BY RANGE (a); CREATE TABLE child PARTITION OF parent DEFAULT;
    CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW mv AS SELECT * FROM v; CREATE SEQUENCE q;
    CREATE FUNCTION f(int, mood) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int); CREATE OPERATOR <+> (leftarg = int, rightarg = int, function = int4pl);
    CREATE COLLATION c FROM "C"; CREATE TEXT SEARCH CONFIGURATION tsc (COPY = simple); CREATE STATISTICS st ON m, d FROM t;
    CREATE CAST (mood AS int) WITH INOUT; CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION ev(); DROP SCHEMA IF EXISTS nothing`);
  await (await load(await backUp(source), targetOf(target))).commit();
  expect(await stateOf(watcher)).toEqual(await stateOf(client));
  const left = `SELECT pg_describe_object(d.classid, d.objid, 0) AS name FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid
    WHERE d.refclassid = 'pg_namespace'::regclass AND n.nspname IN ('public', 's', 'ext') AND d.deptype = 'n'
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = d.objid AND e.classid = d.classid AND e.deptype = 'e') ORDER BY 1`;
  expect((await watcher.query(left)).rows.map((row: { name: string }) => row.name)).toEqual([
    'extension hstore',
    'function refuse()',
    'table s.u',
    'table t',
  ]);
  expect((await watcher.query('SELECT FROM pg_event_trigger')).rowCount).toBe(0);
});

test('definitions cannot end the transaction', async () => {
  const { database: source } = await filled(simple);
  const { database: target, client } = await filled('CREATE TABLE old (a int)');
  const before = await stateOf(client);
  const backup = await backUp(source);
  for (const sql of [
    'COMMIT',
    'CREATE TABLE x (a int); COMMIT; DROP TABLE x',
    "ROLLBACK; SELECT 1; '",
  ]) {
    const forged: Definition = { kind: 'table', schema: 'public', name: 'x', sql };
    const schema = { ...backup.schema, preData: [...backup.schema.preData, forged] };
    const error = await rejection(load({ ...backup, schema }, targetOf(target)));
    expect(error.code).toBe('restore-failed');
    expect(error.message).toContain("cannot create table 'public.x'");
    expect(await stateOf(client)).toEqual(before);
  }
});

test('rows that are not what the table takes', async () => {
  const { database: source } = await filled(simple);
  const { database: target, client } = await filled('CREATE TABLE old (a int)');
  const backup = await backUp(source);
  const failure = async (text: string, rows = 1): Promise<Error & { code: string }> => {
    const chunks = [{ bytes: Buffer.from(text), rows }];
    const digest = backup.tables.get('t')!.digest;
    const error = await rejection(
      load({ ...backup, tables: new Map([['t', { chunks, digest }]]) }, targetOf(target)),
    );
    expect(JSON.stringify([error.message, error.hint, error.context, error.cause])).not.toContain(
      'secret',
    );
    return error;
  };
  expect((await failure('1\tsecret\n\\.\n2\tb\n', 3)).code).toBe('archive-damaged');
  expect((await failure('1\tsecret\tc\n')).code).toBe('archive-damaged');
  const text = await failure('secret\tb\n');
  expect([text.code, text.message]).toEqual([
    'restore-failed',
    expect.stringContaining("a value is not valid for the type of its column (column 'id')"),
  ]);
  expect((await failure('1\tsecret\\000\n')).message).toContain(
    "a text is not valid in the database's encoding",
  );
  const twice = await failure('7\tsecret\n7\tsecret\n', 2);
  expect(twice.message).toContain('t_pkey');
  expect(Object.keys(await stateOf(client))).toEqual(['old']);
});

test('a missing extension is told before anything is touched', async () => {
  const { database: source } = await filled(simple);
  const { database: target } = await filled('CREATE TABLE old (a int)');
  const backup = await backUp(source);
  const needs = (name: string): Backup => ({
    ...backup,
    schema: {
      ...backup.schema,
      preData: [
        {
          kind: 'extension',
          name,
          sql: `CREATE EXTENSION IF NOT EXISTS "${name}" WITH SCHEMA "x"`,
        },
        ...backup.schema.preData,
      ],
    },
  });
  const missing = await rejection(load(needs('no such'), targetOf(target)));
  expect([missing.code, missing.message]).toEqual([
    'database-unsupported',
    expect.stringContaining("does not have the extension 'no such'"),
  ]);
});

test('an ordinary role restores what it owns, and reads what it may', async () => {
  const { database: source, client: admin } = await filled(simple);
  const { database: target, client } = await filled('CREATE TABLE old (a int)');
  const role = `dms_test_${randomBytes(4).toString('hex')}`;
  await withRole([client, admin], role, async () => {
    await admin.query(`CREATE SEQUENCE q; CREATE SCHEMA "S"; CREATE TABLE "S"."T" (a int)`);
    const denied = await rejection(backUp(as(role, source), {}, withPassword));
    expect(denied.code).toBe('database-denied');
    const grants = [
      `GRANT USAGE ON SCHEMA "S" TO "${role}";`,
      `GRANT SELECT ON TABLE "S"."T" TO "${role}";`,
      `GRANT SELECT ON SEQUENCE "public"."q" TO "${role}";`,
      `GRANT SELECT ON TABLE "public"."t" TO "${role}";`,
    ];
    expect(denied.context['statements']).toEqual(grants);
    for (const statement of grants) expect(denied.hint).toContain(statement);
    await admin.query(grants.join('\n'));
    const backup = await backUp(as(role, source), {}, withPassword);

    const refused = await rejection(load(backup, targetOf(as(role, target)), withPassword));
    expect(refused.code).toBe('database-denied');
    const statements = refused.context['statements'] as string[];
    expect(statements).toContain(`ALTER TABLE public.old OWNER TO ${role};`);
    expect(statements).toContain(`GRANT CREATE ON DATABASE ${target.name} TO ${role};`);
    await client.query(statements.join('\n'));
    await (await load(backup, targetOf(as(role, target)), withPassword)).commit();
    expect(await stateOf(client)).toEqual(await stateOf(admin));

    // A superuser gives everything to the role that owned it before.
    await (await load(backup, targetOf(target))).commit();
    const owners = await client.query(
      `SELECT DISTINCT relowner::regrole::text AS name FROM pg_class WHERE relnamespace IN ('public'::regnamespace, '"S"'::regnamespace)`,
    );
    expect(owners.rows).toEqual([{ name: role }]);
  });
});

test('row security is told, never followed', async () => {
  const { database, client } = await filled(
    `${simple}; ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id < 10)`,
  );
  const role = `dms_test_${randomBytes(4).toString('hex')}`;
  await withRole([client], role, async () => {
    await client.query(`GRANT SELECT ON t TO ${role}`);
    const error = await rejection(backUp(as(role, database), {}, withPassword));
    expect([error.code, error.context['statements']]).toEqual([
      'database-denied',
      [`ALTER ROLE "${role}" BYPASSRLS;`],
    ]);
    expect(
      await postgresEngine.inspectTarget(locationOf(as(role, database)), withPassword),
    ).toMatchObject({
      state: 'occupied',
    });
  });
});

test('filling keeps definitions, owners and rights and exchanges the rows', async () => {
  const definitions = `
    CREATE TABLE parent (id int PRIMARY KEY, t text UNIQUE DEFERRABLE); CREATE TABLE child (id serial PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE, q int);
    ALTER TABLE child ADD CONSTRAINT "odd ""key" FOREIGN KEY (q) REFERENCES child DEFERRABLE INITIALLY DEFERRED;
    COMMENT ON CONSTRAINT "odd ""key" ON child IS 'it''s';
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TRIGGER always AFTER INSERT OR TRUNCATE ON child EXECUTE FUNCTION refuse(); ALTER TABLE child ENABLE ALWAYS TRIGGER always;
    CREATE TRIGGER off BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION refuse(); ALTER TABLE child DISABLE TRIGGER off;
    CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM child;
    CREATE TABLE parts (a int, p int REFERENCES parent) PARTITION BY RANGE (a); CREATE TABLE part PARTITION OF parts DEFAULT;`;
  const { database: source, client } = await filled(`${definitions}
    ALTER TABLE parent DISABLE TRIGGER USER; ALTER TABLE child DISABLE TRIGGER USER;
    INSERT INTO parent SELECT n, 'p' || n FROM generate_series(1, 100) n; INSERT INTO child (p, q) SELECT n, 101 - n FROM generate_series(1, 100) n;
    INSERT INTO parts VALUES (1, 1)`);
  const { database: target, client: watcher } =
    await filled(`${definitions} ALTER TABLE parent DISABLE TRIGGER refuse;
    INSERT INTO parent VALUES (1, 'old'); ALTER TABLE parent ENABLE REPLICA TRIGGER refuse; GRANT SELECT ON parent TO PUBLIC`);
  const facts = `SELECT relname, relacl::text, (SELECT json_agg(json_build_array(tgname, tgenabled) ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) AS triggers,
      (SELECT json_agg(json_build_array(conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')) ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid) AS constraints
    FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`;
  const before = (await watcher.query(facts)).rows;
  const backup = await backUp(source);
  const { schema } = await backUp(target);
  const discarded = await load({ ...backup, schema }, targetOf(target, 'fill'));
  await discarded.discard();
  expect((await watcher.query('SELECT t FROM parent')).rows).toEqual([{ t: 'old' }]);
  await (
    await load(
      { ...backup, schema: { ...schema, sequences: backup.schema.sequences } },
      targetOf(target, 'fill'),
    )
  ).commit();
  expect(await stateOf(watcher)).toEqual(await stateOf(client));
  expect((await watcher.query(facts)).rows).toEqual(before);
  expect((await watcher.query("SELECT n, nextval('child_id_seq') AS next FROM m")).rows).toEqual([
    { n: '100', next: '101' },
  ]);
});

test('a target without a database, or with other things than tables', async () => {
  const database = await scratchDatabase('db');
  expect(await postgresEngine.inspectTarget(locationOf(database), quick)).toEqual({
    state: 'empty',
    tables: 0,
    rows: 0,
  });
  const client = await database.connect();
  await client.query("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
  expect(await postgresEngine.inspectTarget(locationOf(database), quick)).toMatchObject({
    state: 'occupied',
    tables: 0,
  });
  const missing = { url: database.url.replace(/[^/]+$/, 'no%20"such') };
  const error = await rejection(postgresEngine.inspectTarget(locationOf(missing), quick));
  expect(error.code).toBe('database-not-found');
  expect(error.hint).toContain('CREATE DATABASE "no ""such" OWNER');
});
