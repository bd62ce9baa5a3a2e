// The search for duplicates on PostgreSQL. Its own comparison of texts is exact like the source's (MariaDB's is coarser), so only
// partial and expression indexes are asked about, and columns of the type citext.

import type { ConnectOptions, CopyChunk, DatabaseLocation, Table } from '../engine.ts';
import { connect, readingCodes, type Session } from '../postgres/connect.ts';
import { CopyWriter } from '../postgres/copy-in.ts';
import { relationName } from '../postgres/copy-out.ts';
import { quoteIdentifier } from '../postgres/identifiers.ts';
import {
  parseExamples,
  type DuplicateGroups,
  type ProbeSession,
  type UniqueRule,
} from './duplicates.ts';

const doing = 'look for duplicates';

type ServerLocation = Exclude<DatabaseLocation, { engine: 'sqlite' }>;

export async function openPostgresProbe(
  location: ServerLocation,
  options: ConnectOptions,
): Promise<ProbeSession> {
  const session = await connect(location, options, readingCodes);
  return new PostgresProbe(session);
}

class PostgresProbe implements ProbeSession {
  readonly #session: Session;
  #writer: CopyWriter | undefined;
  #tables = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  async rules(table: Table): Promise<UniqueRule[]> {
    await this.#endCopy();
    const rows = await this.#session.run<{
      name: string;
      columns: string;
      keys: string;
      condition: string | null;
    }>(
      doing,
      `SELECT x.relname AS name, pg_get_expr(i.indpred, i.indrelid) AS condition,
         (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum IN (
            SELECT unnest(i.indkey) UNION SELECT d.refobjsubid FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid)) AS columns,
         (SELECT json_agg(pg_get_indexdef(i.indexrelid, k, true) ORDER BY k) FROM generate_series(1, i.indnkeyatts) k) AS keys
       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
       WHERE i.indrelid = to_regclass($1) AND i.indisunique AND (i.indpred IS NOT NULL OR 0 = ANY (i.indkey)
         OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
           WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND t.typname = 'citext'))`,
      [relationName(table)],
    );
    return rows.map(({ name, columns, keys, condition }) => ({
      name,
      columns: JSON.parse(columns) as string[],
      keys: JSON.parse(keys) as string[],
      ...(condition !== null && { condition }),
    }));
  }

  async create(like: Table, columns: readonly string[]): Promise<Table> {
    await this.#endCopy();
    const name = `dms_backup_probe_${++this.#tables}`;
    await this.#session.run(
      doing,
      `CREATE TEMPORARY TABLE ${quoteIdentifier(name)} AS
       SELECT ${columns.map(quoteIdentifier).join(', ')} FROM ${relationName(like)} WITH NO DATA`,
    );
    return {
      ...like,
      schema: 'pg_temp',
      name,
      columns: like.columns.filter((column) => columns.includes(column.name)),
    };
  }

  async copyIn(table: Table, chunk: CopyChunk): Promise<void> {
    if (this.#writer?.table !== table) {
      await this.#endCopy();
      this.#writer = new CopyWriter(this.#session, table);
    }
    await this.#writer.write(chunk);
  }

  async find(
    table: Table,
    { keys, condition }: UniqueRule,
    limit: number,
  ): Promise<DuplicateGroups> {
    await this.#endCopy();
    const parts = keys.map((key) => `(${key})`);
    const wanted = [
      ...(condition === undefined ? [] : [`(${condition})`]),
      ...parts.map((key) => `${key} IS NOT NULL`),
    ];
    const values = table.primaryKey.map((name) => `${quoteIdentifier(name)}::text`).join(', ');
    const rows = await this.#session.run<{ groups: string; examples: string }>(
      doing,
      `SELECT count(*) OVER () AS groups, array_to_json((array_agg(json_build_array(${values})))[1:2]) AS examples
       FROM ${relationName(table)} WHERE ${wanted.join(' AND ')} GROUP BY ${parts.join(', ')} HAVING count(*) > 1 LIMIT ${limit}`,
    );
    return {
      groups: Number(rows[0]?.groups ?? 0),
      examples: parseExamples(rows.map(({ examples }) => examples)),
    };
  }

  async close(): Promise<void> {
    if (this.#writer) await this.#session.abandon();
    else await this.#session.close();
  }

  async #endCopy(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.finish();
  }
}
