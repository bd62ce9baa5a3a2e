// Real installations: what PostgreSQL says about a database made from the definitions is what it says about the captured one.

import { describe, expect, test } from 'vitest';
import { capturedNames, capturedRows, loadCaptured } from '../../../test/captured-postgres.ts';
import { applySchema, schemaOf } from '../../../test/definitions-roundtrip.ts';
import { dumpedObjects } from '../../../test/pg-dump.ts';
import { scratchDatabase } from '../../../test/postgres-server.ts';
import type { DatabaseSchema } from '../engine.ts';

/** Without `spatial_ref_sys` of PostGIS: its definition is the extension's, and here it has no rows of the product. */
function ownTables({ tables }: Pick<DatabaseSchema, 'tables'>): DatabaseSchema['tables'] {
  return tables.filter(({ extension }) => extension === undefined);
}

const namesOf = (schema: DatabaseSchema): string[] =>
  ownTables(schema)
    .map(({ name }) => name)
    .toSorted();

describe('captured installations', () => {
  test('are there', () => {
    expect(capturedNames.length).toBeGreaterThanOrEqual(10);
  });

  test.each(capturedNames)('%s', async (name) => {
    const source = await scratchDatabase('source');
    loadCaptured(source.name, name);
    const schema = await schemaOf(await source.connect());
    expect(namesOf(schema)).toEqual(Object.keys(capturedRows(name)).toSorted());

    const target = await scratchDatabase('target');
    const restored = await target.connect();
    await applySchema(restored, schema);
    const { sequences, tables, ...definitions } = await schemaOf(restored);
    expect(definitions).toEqual({ ...schema, sequences: undefined, tables: undefined });
    expect(ownTables({ tables })).toEqual(ownTables(schema));
    expect(sequences.map((sequence) => sequence.name)).toEqual(
      schema.sequences.map((sequence) => sequence.name),
    );
    expect(dumpedObjects(target.name)).toEqual(dumpedObjects(source.name));
  });
});
