// What an adapter author hands to the contract tests: an installation made for the purpose, or a captured one.

import type { GivenLocation } from '../adapter.ts';
import type { DatabaseReader } from '../database/engine.ts';

/** One installation to try the adapter on. */
export interface Sample {
  /** Part of the test names, e.g. `2.20.15 on SQLite`. */
  readonly name: string;
  /** Makes or copies the installation. Called once, before the first test that needs it. */
  readonly open: () => Promise<OpenedSample>;
}

export interface OpenedSample {
  /** Everything below is watched: no call of the adapter may change it. */
  readonly directory: string;
  /** Flags that lead to the installation without any help from the environment. */
  readonly given: GivenLocation;
  /** Opens a consistent state of the database. Called several times. Absent: core's engine opens what `configure` finds. */
  readonly openDatabase?: () => Promise<OpenedDatabase>;
  /** Values planted in the database and the configuration that no output may show. */
  readonly secrets?: readonly string[];
  /** Number of documents that the catalogue must have. */
  readonly documents?: number;
  /** Version that must be found, exactly. Absent: not compared. */
  readonly appVersion?: string;
  /**
   * References (`root/path`) whose file is missing or differs on purpose. All other essential references must exist with
   * the size and checksum that they state. Absent: no file is looked at.
   */
  readonly broken?: readonly string[];
}

export interface OpenedDatabase {
  readonly reader: DatabaseReader;
  readonly close: () => Promise<void>;
}

/** The `test` of node:test, vitest and others: a name and an asynchronous body. */
export type TestFunction = (name: string, body: () => Promise<void>) => unknown;
