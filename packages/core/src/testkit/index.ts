// `@dms-backup/core/testkit`: contract tests for adapters, for any test runner.

export { contractTests } from './contract-tests.ts';
export type { ContractTestsOptions } from './contract-tests.ts';
export { openDatabase } from './open-database.ts';
export type { OpenedDatabase, OpenedSample, Sample, TestFunction } from './sample.ts';
