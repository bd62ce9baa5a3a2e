// Real database servers for tests.

export type { RunningServer } from './keeper-protocol.ts';
export { findMariadb, findPostgis } from './machine-server.ts';
export type { MachineServer } from './machine-server.ts';
export { ownMariadb } from './mariadb-server.ts';
export type { OwnMariadb } from './mariadb-server.ts';
export { ownPostgres, sharedPostgres } from './postgres-server.ts';
export type { OwnServer } from './postgres-server.ts';
export { queryServer } from './scratch-database.ts';
export type { SqlRows } from './scratch-database.ts';
