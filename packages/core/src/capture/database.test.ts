// Which rows go into an archive, and how the parts of a database lie there. The database is a real one.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { sorted } from '../../test/sorted.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { shoebox, stamp } from '../../test/shoebox.ts';
import type { TableRule } from '../adapter.ts';
import { archivedSchema } from '../archive/archived-schema.ts';
import { ArchiveWriter } from '../archive/writer.ts';
import type { WrittenEntry } from '../archive/writer.ts';
import type { DatabaseSchema, DatabaseSnapshot, Table } from '../database/engine.ts';
import { loadEngine } from '../database/engines.ts';
import type { VerbEvent } from '../events.ts';
import { archiveDatabase, planTables, secretColumns, unknownTables } from './database.ts';
import type { TablePlan } from './database.ts';
import { ExclusionList } from './exclusions.ts';

function table(name: string, schema?: string): Table {
  const column = {
    name: 'pin',
    logicalType: 'text' as const,
    declaredType: 'text',
    nullable: true,
  };
  return { ...(schema !== undefined && { schema }), name, columns: [column], primaryKey: [] };
}

function plan(
  tables: readonly Table[],
  rules: readonly TableRule[],
  excludeClasses: readonly string[] = [],
): { plans: TablePlan[]; exclusions: ExclusionList } {
  const exclusions = new ExclusionList();
  const schema = { tables } as unknown as DatabaseSchema;
  return {
    plans: planTables(shoebox({ tables: () => rules }), schema, stamp, excludeClasses, exclusions),
    exclusions,
  };
}

const kept = (plans: readonly TablePlan[]) => plans.map((each) => [each.table.name, each.keepRows]);

describe('a plan', () => {
  test('keeps every table that no rule leaves out, known or not', () => {
    const rules: TableRule[] = [
      { table: 'paper', class: 'essential', keepRows: true },
      { table: 'session', class: 'ephemeral', keepRows: false, reason: 'worthless tomorrow' },
      { table: 'gone', class: 'essential', keepRows: true },
    ];
    const { plans, exclusions } = plan([table('paper'), table('session'), table('plugin')], rules);
    expect(kept(plans)).toEqual([
      ['paper', true],
      ['session', false],
      ['plugin', true],
    ]);
    expect(unknownTables(plans)).toEqual(['plugin']);
    expect(exclusions.list()).toEqual([
      { kind: 'table', name: 'session', class: 'ephemeral', reason: 'worthless tomorrow' },
    ]);
  });

  test('of an extension: the adapter decides, or whether users have rows in it; never unknown', () => {
    const of = (name: string, ownRows: boolean) => ({
      ...table(name, 'public'),
      extension: { name: 'maps', ownRows },
    });
    const rules: TableRule[] = [{ table: 'told', class: 'essential', keepRows: true }];
    const { plans, exclusions } = plan(
      [of('told', false), of('touched', true), of('stock', false)],
      rules,
    );
    expect(kept(plans)).toEqual([
      ['told', true],
      ['touched', true],
      ['stock', false],
    ]);
    expect(unknownTables(plans)).toEqual([]);
    expect(exclusions.list()).toEqual([
      expect.objectContaining({ kind: 'table', name: 'public.stock', class: 'derived' }),
    ]);
  });

  test('leaves out the classes that the user names, never a table that nobody knows', () => {
    const rules: TableRule[] = [
      { table: 'log', class: 'history', keepRows: true },
      { table: 'session', class: 'history', keepRows: false, reason: 'its own reason' },
      { table: 'paper', class: 'essential', keepRows: true },
    ];
    const { plans, exclusions } = plan(
      [table('log'), table('session'), table('paper'), table('plugin')],
      rules,
      ['history', 'unknown'],
    );
    expect(kept(plans)).toEqual([
      ['log', false],
      ['session', false],
      ['paper', true],
      ['plugin', true],
    ]);
    expect(exclusions.list().map(({ name, reason }) => [name, reason])).toEqual([
      ['log', '--exclude-class history'],
      ['session', 'its own reason'],
    ]);
  });

  test('takes a rule by qualified name before one by name', () => {
    const rules: TableRule[] = [
      { table: 'public.log', class: 'essential', keepRows: true },
      { table: 'log', class: 'ephemeral', keepRows: false },
    ];
    const { plans } = plan([table('log', 'public'), table('log')], rules);
    expect(plans.map(({ keepRows }) => keepRows)).toEqual([true, false]);
  });

  test('takes a name without schema for the default schema, never for another one', () => {
    const rules: TableRule[] = [
      { table: 'session', class: 'ephemeral', keepRows: false },
      { table: 'other.log', class: 'ephemeral', keepRows: false, reason: 'its own reason' },
    ];
    const tables = [
      table('session', 'public'),
      table('session', 'other'),
      table('log', 'other'),
      table('log', 'public'),
    ];
    const { plans, exclusions } = plan(tables, rules);
    expect(plans.map(({ keepRows }) => keepRows)).toEqual([false, true, false, true]);
    expect(unknownTables(plans)).toEqual(['other.session', 'public.log']);
    expect(exclusions.list().map(({ name, reason }) => [name, reason])).toEqual([
      ['public.session', 'left out by the adapter'],
      ['other.log', 'its own reason'],
    ]);
  });

  test('names secrets in clear that are kept, of columns that are there', () => {
    const secretColumnsOf = (name: string, keepRows: boolean): TableRule => ({
      table: name,
      class: 'essential',
      keepRows,
      secretColumns: ['pin', 'gone'],
    });
    const { plans } = plan(
      [table('mail', 'public'), table('session'), table('plugin')],
      [secretColumnsOf('public.mail', true), secretColumnsOf('session', false)],
    );
    expect(secretColumns(plans)).toEqual(['public.mail.pin']);
  });
});

describe('a database', () => {
  async function snapshotOf(sql: string): Promise<DatabaseSnapshot> {
    const path = join(scratchDirectory(), 'box.sqlite3');
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    const engine = await loadEngine('sqlite');
    const snapshot = await engine.openSnapshot({ engine: 'sqlite', path });
    onTestFinished(() => snapshot.close());
    return snapshot;
  }

  const sql = `
    CREATE TABLE paper (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, odd);
    INSERT INTO paper (title, odd) VALUES ('one', 1), ('two', 'text'), ('three', NULL);
    CREATE TABLE "a/b" (x TEXT);
    CREATE TABLE session (token TEXT);
    INSERT INTO session VALUES ('4711');
    CREATE INDEX paper_title ON paper (title);
  `;

  async function archive(
    snapshot: DatabaseSnapshot,
    rules: readonly TableRule[],
    signal?: AbortSignal,
  ): Promise<{
    tables: Awaited<ReturnType<typeof archiveDatabase>>;
    contents: Record<string, string>;
    events: VerbEvent[];
    order: string[];
  }> {
    const bytes: Buffer[] = [];
    const entries: WrittenEntry[] = [];
    const sink = {
      write: (each: Uint8Array) => Promise.resolve(void bytes.push(Buffer.from(each))),
      commit: () => Promise.resolve(),
      discard: () => Promise.resolve(),
    };
    const writer = new ArchiveWriter({ sink, codec: 'none', level: 0, threads: 1 });
    onTestFinished(() => writer.discard());
    const events: VerbEvent[] = [];
    const plans = planTables(
      shoebox({ tables: () => rules }),
      snapshot.schema,
      stamp,
      [],
      new ExclusionList(),
    );
    const context = {
      onEvent: (event: VerbEvent) => void events.push(event),
      ...(signal && { signal }),
    };
    const tables = await archiveDatabase(
      snapshot,
      plans,
      writer,
      (entry) => void entries.push(entry),
      context,
    );
    await writer.drain();
    const all = Buffer.concat(bytes);
    const contents = Object.fromEntries(
      entries.map(({ path, offset, size }) => [
        path.toString(),
        all.toString('utf8', offset + 512, offset + 512 + size),
      ]),
    );
    return { tables, contents, events, order: entries.map(({ path }) => path.toString()) };
  }

  const leaveSession: TableRule = { table: 'session', class: 'ephemeral', keepRows: false };

  test('lies in the archive as schema, definitions and rows, in this order', async () => {
    const { contents, order, tables, events } = await archive(await snapshotOf(sql), [
      leaveSession,
    ]);
    expect(order.slice(0, 3)).toEqual([
      'database/schema.json',
      'database/ddl/pre-data.sql',
      'database/ddl/post-data.sql',
    ]);
    expect(order).toContain('database/tables/paper/000001.copy');
    expect(contents['database/tables/paper/000001.copy']).toBe(
      '1\tone\t1\n2\ttwo\ttext\n3\tthree\t\\N\n',
    );
    expect(order).not.toContain('database/tables/session/000001.copy');
    expect(order).not.toContain('database/tables/a%2Fb/000001.copy');
    expect(JSON.stringify(contents)).not.toContain('4711');
    expect(contents['database/ddl/pre-data.sql']).toMatch(/CREATE TABLE paper \(.*\);\n/);
    expect(contents['database/ddl/pre-data.sql']).not.toContain('sqlite_sequence');
    expect(contents['database/ddl/post-data.sql']).toContain('CREATE INDEX paper_title');
    const schema = archivedSchema(Buffer.from(contents['database/schema.json']!));
    expect(
      sorted(schema.tables.map(({ name, folder, keepRows }) => [name, folder, keepRows])),
    ).toEqual([
      ['a/b', 'a%2Fb', true],
      ['paper', 'paper', true],
      ['session', 'session', false],
    ]);
    expect(sorted(tables.map(({ table: name, rows, keepRows }) => [name, rows, keepRows]))).toEqual(
      [
        ['a/b', 0, true],
        ['paper', 3, true],
        ['session', 0, false],
      ],
    );
    expect(tables.find(({ table: name }) => name === 'session')?.digest).toBe('0'.repeat(64));
    expect(new Set(tables.map(({ digest }) => digest)).size).toBe(3);
    expect(events.at(-1)).toMatchObject({
      type: 'progress',
      phase: 'database',
      doneItems: 3,
      items: 'rows',
    });
  });

  test('has storage lines beside chunks that need them, and chunks as large as rows make them', async () => {
    const snapshot = await snapshotOf(`
      CREATE TABLE paper (id INTEGER PRIMARY KEY, content TEXT);
      INSERT INTO paper VALUES (1, x'00ff');
      INSERT INTO paper VALUES (2, hex(zeroblob(1500000))), (3, hex(zeroblob(1500000))), (4, 'x');
    `);
    const { order, contents, events } = await archive(snapshot, []);
    const rows = order.filter((path) => path.startsWith('database/tables/'));
    expect(rows.slice(0, 2)).toEqual([
      'database/tables/paper/000001.copy',
      'database/tables/paper/000001.storage',
    ]);
    const chunks = rows.filter((path) => path.endsWith('.copy'));
    expect(chunks.length).toBeGreaterThan(1);
    const names = chunks.map(
      (_, number) => `database/tables/paper/${String(number + 1).padStart(6, '0')}.copy`,
    );
    expect(chunks).toEqual(names);
    expect(contents['database/tables/paper/000001.storage']).toContain('"storage":"blob"');
    const bytes = chunks.reduce((sum, path) => sum + contents[path]!.length, 0);
    expect(events.at(-1)).toMatchObject({ doneItems: 4, doneBytes: bytes });
  });

  test('ends when it is interrupted', async () => {
    const snapshot = await snapshotOf(sql);
    expect((await rejection(archive(snapshot, [], AbortSignal.abort()))).code).toBe('interrupted');
  });
});
