// Builds the next state in a database of its own on the same server, out of the application's sight; the switch is one RENAME
// TABLE (`switch.ts`). On any error: `discard`.

import { randomUUID } from 'node:crypto';
import { assertNotAborted, isDmsBackupError } from '../../errors.ts';
import type {
  CommitTicket,
  ConnectOptions,
  CopyChunk,
  DatabaseLoad,
  DatabaseSchema,
  LoadTarget,
  PreparedDatabase,
  Table,
} from '../engine.ts';
import { allowAllRows, forbidInvisibleKeys } from './build-settings.ts';
import { readTableEntries } from './catalogue.ts';
import { connect, type Session } from './connect.ts';
import { copyIn } from './copy-in.ts';
import { copyOut, digestTable } from './copy-out.ts';
import {
  allObjects,
  assertColumns,
  assertDefinition,
  createObjects,
  createTables,
  dropObjects,
} from './ddl.ts';
import { databaseNames, type DatabaseNames, type MariadbLocation } from './names.ts';
import { quoted } from './quoting.ts';
import { isConnectionLost, serverError, type ErrorPlace } from './server-error.ts';
import { abandon, recover, switchTables, type Replacement } from './switch.ts';
import { createOwnDatabase, lockTarget, saveObjects } from './workshop.ts';

/** Rows of one transaction: a commit for each chunk would wait for the disk each time. */
const transactionBytes = 64 << 20;

/** A session with the lock of the target and an empty workshop. */
export interface OpenWorkshop {
  readonly session: Session;
  readonly names: DatabaseNames;
  readonly id: string;
}

/** Takes the lock, finishes what a killed run has left, and makes the workshop. Throws `locked`, `target-unsafe`, ... */
export async function openWorkshop(
  location: MariadbLocation,
  options: ConnectOptions,
): Promise<OpenWorkshop> {
  const session = await connect(location, options);
  const names = databaseNames(location.name);
  try {
    await lockTarget(session, names, options);
    await allowAllRows(session);
    await recover(session, names);
    const id = randomUUID();
    const marker = { id, phase: 'building', keepsFormer: false } as const;
    await createOwnDatabase(session, names.workshop, 'workshop', names.live, marker);
    return { session, names, id };
  } catch (error) {
    await session.close();
    throw serverError(error, `prepare a restore of database '${names.live}'`, placeOf(session));
  }
}

export function placeOf(session: Session): ErrorPlace {
  return {
    otherwise: 'restore-failed',
    hints: { 'database-denied': session.grantHint(...session.restoreGrants()) },
  };
}

/** See {@link DatabaseEngine.openLoad}. */
export async function openLoad(
  schema: DatabaseSchema,
  location: MariadbLocation,
  target: LoadTarget,
  options: ConnectOptions,
): Promise<DatabaseLoad> {
  for (const definition of [...schema.preData, ...schema.postData]) assertDefinition(definition);
  const workshop = await openWorkshop(location, options);
  return new MariadbLoad(workshop, schema, target.keepFormer, options);
}

/** What a load and an undo have in common: the ticket, the commit, the end. */
export class PreparedSwitch implements PreparedDatabase {
  protected readonly session: Session;
  protected readonly names: DatabaseNames;
  readonly #id: string;
  readonly #replacement: Replacement;
  readonly #options: ConnectOptions;
  #isOver = false;

  constructor(workshop: OpenWorkshop, replacement: Replacement, options: ConnectOptions) {
    this.session = workshop.session;
    this.names = workshop.names;
    this.#id = workshop.id;
    this.#replacement = replacement;
    this.#options = options;
  }

  async ticket(): Promise<CommitTicket> {
    return { id: this.#id, database: this.names.live, workshop: this.names.workshop };
  }

  async commit(): Promise<void> {
    if (this.#isOver) return;
    try {
      await switchTables(this.session, this.names, this.#id, this.#replacement);
      this.#isOver = true;
    } catch (error) {
      // Nobody knows what came of it; that is for `settle` to find out, and nothing may be thrown away before.
      this.#isOver = isDmsBackupError(error) && error.code === 'server-unreachable';
      throw error;
    } finally {
      if (this.#isOver) await this.session.close();
    }
  }

  async discard(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      await this.session.run(`USE ${quoted(this.names.live)}`);
      await abandon(this.session, this.names);
    } catch (error) {
      if (!isConnectionLost(error)) throw this.#leftover(error);
      await this.#discardAgain();
    } finally {
      await this.session.close();
    }
  }

  /** The session is lost: another one removes what it made. */
  async #discardAgain(): Promise<void> {
    const session = await connect(this.session.location, this.#options);
    try {
      await lockTarget(session, this.names, this.#options);
      await session.run('SET SESSION foreign_key_checks = 0');
      await recover(session, this.names);
    } catch (error) {
      throw this.#leftover(error);
    } finally {
      await session.close();
    }
  }

  #leftover(error: unknown): unknown {
    const what = `remove what a restore of database '${this.names.live}' has left`;
    return serverError(error, what, { otherwise: 'restore-failed' });
  }
}

class MariadbLoad extends PreparedSwitch implements DatabaseLoad {
  readonly #schema: DatabaseSchema;
  readonly #signal: AbortSignal | undefined;
  #uncommittedBytes = 0;
  /** Tables of MyISAM and the like: MySQL with `enforce_gtid_consistency` refuses them inside a transaction. */
  readonly #withoutTransactions = new Set<string>();

  constructor(
    workshop: OpenWorkshop,
    schema: DatabaseSchema,
    keepsFormer: boolean,
    options: ConnectOptions,
  ) {
    super(workshop, { from: 'workshop', keepsFormer }, options);
    this.#schema = schema;
    this.#signal = options.signal;
  }

  async createTables(): Promise<void> {
    await this.#step('create the tables', async () => {
      await this.session.run(`USE ${quoted(this.names.workshop)}`);
      await forbidInvisibleKeys(this.session, this.#schema);
      await createTables(this.session, this.#schema);
      await assertColumns(this.session, this.names.workshop, this.#schema);
      for (const { name, storageEngine } of await readTableEntries(
        this.session,
        this.names.workshop,
      )) {
        if (storageEngine !== 'InnoDB') this.#withoutTransactions.add(this.#fold(name));
      }
    });
  }

  async copyIn(table: Table, chunk: CopyChunk): Promise<void> {
    await this.#step(`load table '${table.name}'`, async () => {
      if (this.#withoutTransactions.has(this.#fold(table.name))) {
        if (this.#uncommittedBytes > 0) await this.#commitRows();
        await copyIn(this.session, this.names.workshop, table, chunk);
        return;
      }
      if (this.#uncommittedBytes === 0) await this.session.run('START TRANSACTION');
      this.#uncommittedBytes += chunk.bytes.length;
      await copyIn(this.session, this.names.workshop, table, chunk);
      if (this.#uncommittedBytes >= transactionBytes) await this.#commitRows();
    });
  }

  #fold(name: string): string {
    return this.session.foldsNames ? name.toLowerCase() : name;
  }

  async #commitRows(): Promise<void> {
    await this.session.run('COMMIT');
    this.#uncommittedBytes = 0;
  }

  /**
   * Creates views, routines and triggers once for trial: they come into the live database after the switch, and must not fail
   * there. Events are not tried: they would run.
   */
  async finish(): Promise<void> {
    const { postData } = this.#schema;
    await this.#step('create views, triggers and routines', async () => {
      await this.#commitRows();
      await this.session.run(`USE ${quoted(this.names.workshop)}`);
      await createObjects(
        this.session,
        postData.filter(({ kind }) => kind !== 'event'),
      );
      await dropObjects(this.session, this.names.workshop, allObjects);
      await saveObjects(this.session, this.names.workshop, 'new', postData);
    });
  }

  copyOut(table: Table): ReturnType<NonNullable<DatabaseLoad['copyOut']>> {
    return copyOut(
      this.session,
      this.names.workshop,
      table,
      this.#signal && { signal: this.#signal },
    );
  }

  digest(table: Table): ReturnType<DatabaseLoad['digest']> {
    return digestTable(
      this.session,
      this.names.workshop,
      table,
      this.#signal && { signal: this.#signal },
    );
  }

  async #step(what: string, run: () => Promise<void>): Promise<void> {
    assertNotAborted(this.#signal);
    try {
      await run();
    } catch (error) {
      const mapped = serverError(error, what, placeOf(this.session));
      // Nothing is switched yet: a lost connection is a failed restore, not an unknown outcome.
      if (isDmsBackupError(mapped) && mapped.code === 'server-unreachable') {
        throw serverError(
          Object.assign(new Error('the connection was lost'), { cause: mapped.cause }),
          what,
          { otherwise: 'restore-failed' },
        );
      }
      throw mapped;
    }
  }
}
