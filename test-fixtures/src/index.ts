// What tests, benchmarks and the demo use: sample instances, damage, and descriptions for before-and-after comparisons.

export type { BusyStatistics } from './busy/application.ts';
export { judgeBusy } from './busy/judge.ts';
export { startBusy } from './busy/start.ts';
export type { BusyOptions } from './busy/start.ts';
export { compareServers, compareSqlite, compareTrees } from './compare.ts';
export type { DatabaseComparison, TreeComparison, TreeComparisonOptions } from './compare.ts';
export { append, flipBit, truncate } from './damage.ts';
export type { AppVersion } from './data/paperless-facts.ts';
export {
  migrationsAt as paperlessMigrationsAt,
  paperlessRanges,
  paperlessReleases,
  tablesAt as paperlessTablesAt,
} from './data/paperless-history.ts';
export { digestMariadb } from './digest-mariadb.ts';
export { digestPostgres } from './digest-postgres.ts';
export { digestSqlite } from './digest-sqlite.ts';
export type { SqliteDigest, TableDigest } from './digest-sqlite.ts';
export { digestTree, showPath } from './digest-tree.ts';
export type { TreeDigest, TreeEntry } from './digest-tree.ts';
export { HOSTILE_TABLE } from './hostile-database.ts';
export { HOSTILE_DIRECTORY } from './hostile-files.ts';
export {
  buildPaperlessInstance,
  buildPaperlessServerInstance,
} from './paperless/build-instance.ts';
export { buildPaperlessRelease } from './paperless/release-instance.ts';
export type { PaperlessReleaseInstance } from './paperless/release-instance.ts';
export type {
  SampleBundle,
  SampleDocument,
  SampleFile,
  SampleInstance,
  SampleOptions,
  SampleServer,
  ServerSampleInstance,
  ServerSampleOptions,
  SpecialDocuments,
} from './paperless/sample-instance.ts';
export { plantHostile } from './plant-hostile.ts';
export type { HostilePlant } from './plant-hostile.ts';
export type { ServerAddress, ServerDigest } from './server-digest.ts';
export { buildDjangoInstance } from './django/build-instance.ts';
export type { DjangoInstance, DjangoOptions } from './django/build-instance.ts';
export { buildNextgiswebInstance } from './nextgisweb/build-instance.ts';
export type {
  NextgiswebFile,
  NextgiswebInstance,
  NextgiswebOptions,
  NextgiswebVersion,
} from './nextgisweb/sample-instance.ts';
export {
  buildPapermergeInstance,
  buildPapermergeServerInstance,
} from './papermerge/build-instance.ts';
export type { PapermergeInstance, PapermergeOptions } from './papermerge/build-instance.ts';
export type { PapermergeDocument, PapermergeVersion } from './papermerge/builder.ts';
export {
  createStatements as createPapermergeStatements,
  papermergeMigrations,
  papermergeReleases,
  papermergeTables,
} from './papermerge/schema.ts';
export type { PapermergeRelease, PapermergeTable } from './papermerge/schema.ts';
