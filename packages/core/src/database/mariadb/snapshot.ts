// A consistent state of a live database: schema, rows, integrity and the queries of adapters, all in one read transaction.

import { assertNotAborted } from '../../errors.ts';
import type { ConnectOptions, DatabaseSnapshot, SqlRow, SqlValue } from '../engine.ts';
import { assertReadRights } from './privileges.ts';
import { readSchema } from './catalogue.ts';
import { connect, type ResultColumn, type Session } from './connect.ts';
import { copyOut } from './copy-out.ts';
import { integrityReport } from './integrity.ts';
import type { MariadbLocation } from './names.ts';
import { bindParameters } from './quoting.ts';
import { serverError } from './server-error.ts';
import { sqlValue } from './sql-value.ts';

/** See {@link DatabaseEngine.openSnapshot}. The caller must close it. */
export async function openSnapshot(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<DatabaseSnapshot> {
  const session = await connect(location, options);
  try {
    await assertReadRights(session);
    await session.run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await session.run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    return await createSnapshot(session, location.name, options.signal);
  } catch (error) {
    await session.close();
    throw serverError(error, `read the schema of database '${location.name}'`, {
      otherwise: 'database-unsupported',
      hints: { 'database-denied': session.grantHint(...session.readGrants()) },
    });
  }
}

async function createSnapshot(
  session: Session,
  database: string,
  signal: AbortSignal | undefined,
): Promise<DatabaseSnapshot> {
  const schema = await readSchema(session, database);
  const fold = (name: string): string => (session.foldsNames ? name.toLowerCase() : name);
  const columnsOf = new Map(
    schema.tables.map(({ name, columns }) => [
      fold(name),
      new Set(columns.map((column) => column.name.toLowerCase())),
    ]),
  );
  const place = { hints: { 'database-denied': session.grantHint(...session.readGrants()) } };
  return {
    engine: 'mariadb',
    schema,
    // Names of columns are compared without case; names of tables as the server is set.
    has(table, ...columns) {
      const known = columnsOf.get(fold(table));
      return known !== undefined && columns.every((column) => known.has(column.toLowerCase()));
    },
    async *query(sql, parameters = []): AsyncGenerator<SqlRow> {
      let columns: ResultColumn[] = [];
      try {
        const rows = session.stream(bindParameters(sql, parameters), (found) => {
          columns = found;
        });
        for await (const raw of rows) {
          assertNotAborted(signal);
          const row: Record<string, SqlValue> = {};
          for (const [index, column] of columns.entries()) {
            row[column.name] = sqlValue(raw[index] ?? null, column);
          }
          yield row;
        }
      } catch (error) {
        throw serverError(error, `read database '${database}'`, place);
      }
    },
    async checkIntegrity() {
      assertNotAborted(signal);
      try {
        return await integrityReport(session, database, schema.tables);
      } catch (error) {
        throw serverError(error, `check database '${database}'`, place);
      }
    },
    copyOut: (table, copyOptions) =>
      copyOut(session, database, table, { ...copyOptions, ...(signal && { signal }) }),
    async close() {
      await session.close();
    },
  };
}
