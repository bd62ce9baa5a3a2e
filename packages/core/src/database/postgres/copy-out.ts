// Rows of a table as the server's own COPY text, in the order in which they are stored, cut into chunks at row ends. No row
// is parsed: what arrives is copied once, into the chunk. The digest is that of `database/table-digest.ts`.

import { assertNotAborted } from '../../errors.ts';
import { freeMemory } from '../../io/free-memory.ts';
import { qualifiedName } from '../schema.ts';
import type { CopyChunk, Table, TableDigest } from '../engine.ts';
import { createTableDigester } from '../table-digest.ts';
import type { Session } from './connect.ts';
import { CopyReceiver } from './copy-receiver.ts';
import { quoteIdentifier, quoteQualified } from './identifiers.ts';

const defaultChunkBytes = 1024 * 1024;

/**
 * See {@link DatabaseSnapshot.copyOut}. Leaves the session unusable (`session.abandon`) when the consumer stops early or an
 * error is thrown. Errors: `database-denied`, `database-locked`, and the session's own codes.
 */
export async function* copyOut(
  session: Session,
  table: Table,
  chunkBytes: number = defaultChunkBytes,
): AsyncGenerator<CopyChunk, TableDigest> {
  const digester = createTableDigester();
  for await (const chunk of receive(session, table, storedSql(table), chunkBytes)) {
    digester.add(chunk);
    yield chunk;
  }
  const generated = generatedSql(table);
  if (generated !== undefined) {
    for await (const { bytes } of receive(session, table, generated, chunkBytes)) {
      digester.add({ bytes: nothing, rows: 0, generated: bytes });
      freeMemory(bytes);
    }
  }
  return digester.finish();
}

/** Rows and digest without keeping chunks. */
export async function digestTable(session: Session, table: Table): Promise<TableDigest> {
  const rows = copyOut(session, table);
  for (;;) {
    const { done, value } = await rows.next();
    if (done) return value;
    freeMemory(value.bytes);
  }
}

const nothing = new Uint8Array();

async function* receive(
  session: Session,
  table: Table,
  sql: string,
  chunkBytes: number,
): AsyncGenerator<CopyChunk> {
  const doing = `read table '${qualifiedName(table)}'`;
  assertNotAborted(session.signal);
  const receiver = new CopyReceiver(sql, chunkBytes);
  session.client.query(receiver);
  let isComplete = false;
  try {
    for (;;) {
      const chunk = await receiver.next();
      assertNotAborted(session.signal);
      if (!chunk) break;
      yield chunk;
    }
    isComplete = true;
  } catch (error) {
    throw session.explain(error, doing);
  } finally {
    if (!isComplete) {
      receiver.stop();
      await session.abandon();
    }
  }
}

/**
 * COPY of a table reads it in stored order, whatever indexes there are. Tables without stored columns have rows as well: empty
 * lines.
 */
function storedSql(table: Table): string {
  const columns = storedColumns(table);
  const name = relationName(table);
  return columns.length === 0
    ? `COPY (SELECT FROM ONLY ${name}) TO STDOUT`
    : `COPY ${name} (${columns.join(', ')}) TO STDOUT`;
}

/** COPY of a table does not take generated columns, a query does; sessions are set so that it keeps the stored order. */
function generatedSql(table: Table): string | undefined {
  const columns = table.columns.filter((column) => column.generated !== undefined);
  if (columns.length === 0) return undefined;
  const names = columns.map(({ name }) => quoteIdentifier(name));
  return `COPY (SELECT ${names.join(', ')} FROM ONLY ${relationName(table)}) TO STDOUT`;
}

/** Quoted names of the columns that COPY text holds. */
export function storedColumns(table: Table): string[] {
  return table.columns
    .filter((column) => column.generated === undefined)
    .map(({ name }) => quoteIdentifier(name));
}

/** Quoted name with schema. */
export function relationName(table: { schema?: string | undefined; name: string }): string {
  return table.schema === undefined
    ? quoteIdentifier(table.name)
    : quoteQualified(table.schema, table.name);
}
