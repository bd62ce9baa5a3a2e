// Real installations: what PostgreSQL says about a database made from the definitions is what it says about the captured one.

import { describe, expect, test } from 'vitest';
import { capturedNames, capturedRows, loadCaptured } from '../../../test/captured-postgres.ts';
import { applySchema, schemaOf } from '../../../test/definitions-roundtrip.ts';
import { dumpedObjects } from '../../../test/pg-dump.ts';
import { scratchDatabase } from '../../../test/postgres-server.ts';

describe('captured installations', () => {
  test('are there', () => {
    expect(capturedNames.length).toBeGreaterThanOrEqual(10);
  });

  test.each(capturedNames)('%s', async (name) => {
    const source = await scratchDatabase('source');
    loadCaptured(source.name, name);
    const schema = await schemaOf(await source.connect());
    expect(schema.tables.map((table) => table.name).toSorted()).toEqual(
      Object.keys(capturedRows(name)).toSorted(),
    );

    const target = await scratchDatabase('target');
    const restored = await target.connect();
    await applySchema(restored, schema);
    const { sequences, ...definitions } = await schemaOf(restored);
    expect(definitions).toEqual({ ...schema, sequences: undefined });
    expect(sequences.map((sequence) => sequence.name)).toEqual(
      schema.sequences.map((sequence) => sequence.name),
    );
    expect(dumpedObjects(target.name)).toEqual(dumpedObjects(source.name));
  });
});
