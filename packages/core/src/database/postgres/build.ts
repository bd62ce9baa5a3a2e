// The two ways to fill a database: from nothing, with the archived definitions (`rebuild.ts`), or with the definitions that
// are there (`fill.ts`). Both run in the transaction of the load.

import { qualifiedName } from '../schema.ts';
import type { DatabaseSchema, Table } from '../engine.ts';
import type { Session } from './connect.ts';
import { relationName } from './copy-out.ts';
import { createFiller } from './fill.ts';
import { createRebuilder } from './rebuild.ts';
import { setSequences } from './sequences.ts';

export interface Builder {
  /** Tables that take rows: no triggers, no foreign keys. */
  prepare(): Promise<void>;
  /** Called before the first row of a table, and again after another table had its turn. */
  beforeRows(table: Table): Promise<void>;
  /** Everything that comes after the rows. */
  finish(): Promise<void>;
}

/** Tables in one ANALYZE. */
const batch = 100;

/** Looks at what is there; changes nothing yet. Throws `database-unsupported`, `database-denied`. */
export async function createBuilder(
  session: Session,
  schema: DatabaseSchema,
  mode: 'rebuild' | 'fill',
): Promise<Builder> {
  const builder =
    mode === 'rebuild'
      ? await createRebuilder(session, schema)
      : await createFiller(session, schema);
  return {
    ...builder,
    async finish() {
      // Checks that wait for the commit would stand in the way of ALTER TABLE.
      await session.run('check deferred constraints', 'SET CONSTRAINTS ALL IMMEDIATE');
      await setSequences(session, schema.sequences);
      await builder.finish();
      await analyze(session, schema.tables);
    },
  };
}

async function analyze(session: Session, tables: readonly Table[]): Promise<void> {
  for (let start = 0; start < tables.length; start += batch) {
    const part = tables.slice(start, start + batch);
    const what = part.length === 1 && part[0] ? `table '${qualifiedName(part[0])}'` : 'the tables';
    await session.run(`analyze ${what}`, `ANALYZE ${part.map(relationName).join(', ')}`);
  }
}
