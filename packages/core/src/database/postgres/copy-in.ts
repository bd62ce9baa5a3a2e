// COPY FROM STDIN for one table: chunks go to the server as they are. The server checks them; what it refuses comes as the
// error of a later chunk or of the end.

import { from, type CopyStreamQuery } from 'pg-copy-streams';
import { DmsBackupError } from '../../errors.ts';
import { qualifiedName } from '../schema.ts';
import type { CopyChunk, Table } from '../engine.ts';
import type { Session } from './connect.ts';
import { relationName, storedColumns } from './copy-out.ts';

/** The server takes each message into its memory before it looks at it. */
const messageBytes = 1024 * 1024;

export class CopyWriter {
  readonly table: Table;
  readonly #session: Session;
  readonly #doing: string;
  readonly #stream: CopyStreamQuery;
  readonly #failed = Promise.withResolvers<never>();
  #rows = 0;
  /** The server ended the COPY with an error. */
  hasFailed = false;

  constructor(session: Session, table: Table) {
    this.table = table;
    this.#session = session;
    this.#doing = `load table '${qualifiedName(table)}'`;
    this.#stream = session.client.query(from(copySql(table)));
    this.#stream.on('error', (error) => {
      this.hasFailed = true;
      this.#failed.reject(error);
    });
    this.#failed.promise.catch(() => {});
  }

  /** Resolves when the socket has taken the rows. */
  async write(chunk: CopyChunk): Promise<void> {
    const { bytes } = chunk;
    this.#rows += chunk.rows;
    await this.#guard(async () => {
      for (let start = 0; start < bytes.length; start += messageBytes) {
        const message = bytes.subarray(start, start + messageBytes);
        const { promise, resolve } = Promise.withResolvers<void>();
        // Errors come as the event 'error', also to writes that wait.
        this.#stream.write(message, () => {
          resolve();
        });
        await Promise.race([promise, this.#failed.promise]);
      }
    });
  }

  /** Throws `archive-damaged` when the server took another number of rows than the chunks say. */
  async finish(): Promise<void> {
    await this.#guard(async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#stream.end(() => {
        resolve();
      });
      await Promise.race([promise, this.#failed.promise]);
      if (this.#stream.rowCount === this.#rows) return;
      throw new DmsBackupError(
        'archive-damaged',
        `table '${qualifiedName(this.table)}' got ${this.#stream.rowCount} rows, the archive counts ${this.#rows}`,
      );
    });
  }

  async #guard(run: () => Promise<void>): Promise<void> {
    try {
      // A stream of pg-copy-streams 7 that has failed must not be touched: it has lost its connection.
      if (this.hasFailed) await this.#failed.promise;
      await run();
    } catch (error) {
      throw this.#session.explain(error, this.#doing);
    }
  }
}

/** A table without stored columns takes no list of columns: its rows are empty lines. */
function copySql(table: Table): string {
  const columns = storedColumns(table);
  const list = columns.length === 0 ? '' : ` (${columns.join(', ')})`;
  return `COPY ${relationName(table)}${list} FROM STDIN`;
}
