// The state of sequences after a load.

import { DmsBackupError } from '../../errors.ts';
import { qualifiedName } from '../schema.ts';
import type { DatabaseSchema } from '../engine.ts';
import type { Session } from './connect.ts';
import { relationName } from './copy-out.ts';

type SequenceState = DatabaseSchema['sequences'][number];

/**
 * Sets value and `is_called`. A sequence of another name that feeds the same column serves as well. Throws `archive-damaged`
 * for values that are no integers, `restore-failed` for sequences that are not there.
 */
export async function setSequences(
  session: Session,
  sequences: readonly SequenceState[],
): Promise<void> {
  for (const { value, isCalled = true, ...sequence } of sequences) {
    const name = qualifiedName(sequence);
    if (!/^-?\d{1,19}$/.test(value)) {
      throw new DmsBackupError('archive-damaged', `the value of sequence '${name}' is no integer`);
    }
    const target = await findSequence(session, sequence);
    if (target === null) {
      throw new DmsBackupError(
        'restore-failed',
        `there is no sequence '${name}' in the restored database`,
      );
    }
    await session.run(
      `set sequence '${name}'`,
      'SELECT pg_catalog.setval($1::pg_catalog.oid::pg_catalog.regclass, $2::bigint, $3::boolean)',
      [target, value, isCalled],
    );
  }
}

async function findSequence(
  session: Session,
  { schema, name, feeds }: Omit<SequenceState, 'value' | 'isCalled'>,
): Promise<string | null> {
  const doing = `find sequence '${name}'`;
  const [named] = await session.run<{ id: string | null }>(
    doing,
    'SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS id',
    [relationName({ schema, name })],
  );
  if (typeof named?.id === 'string' || feeds === undefined) return named?.id ?? null;
  const [feeding] = await session.run<{ id: string | null }>(
    doing,
    `SELECT pg_catalog.to_regclass(pg_catalog.pg_get_serial_sequence($1, $2))::pg_catalog.oid AS id
      WHERE pg_catalog.to_regclass($1) IS NOT NULL`,
    [relationName({ schema: feeds.schema, name: feeds.table }), feeds.column],
  );
  return feeding?.id ?? null;
}
