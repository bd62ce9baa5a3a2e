// Real installations: every row of a captured database is the same after a backup and a restore.

import { expect, test } from 'vitest';
import { capturedNames, capturedRows, loadCaptured } from '../../../test/captured-postgres.ts';
import { backUp, load, stateOf, targetOf } from '../../../test/postgres-restore.ts';
import { scratchDatabase } from '../../../test/postgres-server.ts';

test.each(capturedNames)('%s', async (name) => {
  const source = await scratchDatabase('source');
  loadCaptured(source.name, name);
  const backup = await backUp(source);
  const own = backup.schema.tables.filter(({ extension }) => extension === undefined);
  const rows = own.map((table) => [table.name, backup.tables.get(table.name)?.digest.rows]);
  expect(Object.fromEntries(rows)).toEqual(capturedRows(name));

  const target = await scratchDatabase('target');
  const restored = await load(backup, targetOf(target));
  await restored.commit();
  const [before, after] = [await source.connect(), await target.connect()];
  // with spatial_ref_sys of PostGIS, to which the product has added its own systems
  expect(await stateOf(after)).toEqual(await stateOf(before));
});
