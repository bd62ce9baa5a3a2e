// Setup file of tests that run against a server with PostGIS: without one they are skipped, which the run says at its end;
// where `CI` is set they fail.

import { findPostgis } from '@dms-backup/test-fixtures/servers';
import { beforeEach } from 'vitest';

const server = await findPostgis();

beforeEach(({ skip }) => {
  if (server === undefined) skip('no PostGIS server');
});
