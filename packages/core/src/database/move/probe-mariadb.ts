// The search for duplicates on MariaDB and MySQL: unique keys with texts, which their collations compare without case, accents or
// blanks at the end. Grouping compares as the key does.

import type { ConnectOptions, CopyChunk, DatabaseLocation, Table } from '../engine.ts';
import { connect, type Session } from '../mariadb/connect.ts';
import { copyIn } from '../mariadb/copy-in.ts';
import { literal, qualified, quoted } from '../mariadb/quoting.ts';
import { serverError } from '../mariadb/server-error.ts';
import {
  parseExamples,
  type DuplicateGroups,
  type ProbeSession,
  type UniqueRule,
} from './duplicates.ts';

type ServerLocation = Exclude<DatabaseLocation, { engine: 'sqlite' }>;

export async function openMariadbProbe(
  location: ServerLocation,
  options: ConnectOptions,
): Promise<ProbeSession> {
  const session = await connect(location, options);
  return new MariadbProbe(session, location.name);
}

class MariadbProbe implements ProbeSession {
  readonly #session: Session;
  readonly #database: string;
  #tables = 0;

  constructor(session: Session, database: string) {
    this.#session = session;
    this.#database = database;
  }

  async rules(table: Table): Promise<UniqueRule[]> {
    const rows = await this.#run(() =>
      this.#session.rows(
        `SELECT index_name, column_name, sub_part FROM information_schema.statistics
         WHERE table_schema = ${literal(this.#database)} AND table_name = ${literal(table.name)} AND non_unique = 0
         ORDER BY index_name, seq_in_index`,
      ),
    );
    const texts = new Set(
      table.columns.filter(({ logicalType }) => logicalType === 'text').map(({ name }) => name),
    );
    return [...Map.groupBy(rows, ([name]) => name ?? '')].flatMap(([name, parts]) => {
      const columns = parts.map(([, column]) => column ?? '');
      // A key part without a column is an expression of MySQL 8.
      if (columns.includes('') || !columns.some((column) => texts.has(column))) return [];
      const keys = parts.map(([, column, length]) =>
        length === null || length === undefined
          ? quoted(column ?? '')
          : `LEFT(${quoted(column ?? '')}, ${Number(length)})`,
      );
      return [{ name, columns, keys }];
    });
  }

  async create(like: Table, columns: readonly string[]): Promise<Table> {
    const name = `dms_backup_probe_${++this.#tables}`;
    await this.#run(() =>
      this.#session.run(
        `CREATE TEMPORARY TABLE ${qualified(this.#database, name)} AS
         SELECT ${columns.map(quoted).join(', ')} FROM ${qualified(this.#database, like.name)} LIMIT 0`,
      ),
    );
    return {
      ...like,
      name,
      columns: like.columns.filter((column) => columns.includes(column.name)),
    };
  }

  async copyIn(table: Table, chunk: CopyChunk): Promise<void> {
    await copyIn(this.#session, this.#database, table, chunk);
  }

  async find(table: Table, { keys }: UniqueRule, limit: number): Promise<DuplicateGroups> {
    const wanted = keys.map((key) => `${key} IS NOT NULL`).join(' AND ');
    // Two keys of a group: the smallest and the largest; JSON_ARRAY makes texts of them that compare as texts.
    const values = `JSON_ARRAY(${table.primaryKey.map((name) => `CAST(${quoted(name)} AS CHAR)`).join(', ')})`;
    const groups = `FROM ${qualified(this.#database, table.name)} WHERE ${wanted} GROUP BY ${keys.join(', ')} HAVING COUNT(*) > 1`;
    return await this.#run(async () => {
      const count = await this.#session.value(`SELECT COUNT(*) FROM (SELECT 1 ${groups}) AS g`);
      const rows = await this.#session.rows(
        `SELECT CONCAT('[', MIN(${values}), ',', MAX(${values}), ']') ${groups} LIMIT ${limit}`,
      );
      return { groups: Number(count ?? 0), examples: parseExamples(rows.map(([text]) => text)) };
    });
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const grants = `GRANT CREATE TEMPORARY TABLES, SELECT, INSERT ON ${quoted(this.#database)}.*`;
      throw serverError(error, `look for duplicates in database '${this.#database}'`, {
        otherwise: 'restore-failed',
        hints: { 'database-denied': this.#session.grantHint(grants) },
      });
    }
  }
}
