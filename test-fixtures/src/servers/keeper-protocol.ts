// What tests and keeper say to each other: one line of JSON each way over the unix socket `<directory>/door`.

import type { PostgresMajor } from './postgres-binaries.ts';

export type KeeperRequest =
  /** `own`: a server for the asking test alone, which it may kill. Else the one of this major, started on first use. */
  | {
      readonly ask: 'postgres';
      readonly major: PostgresMajor;
      readonly own: boolean;
      readonly settings: Readonly<Record<string, string>>;
    }
  /** Ends an own server. */
  | { readonly ask: 'stop'; readonly port: number }
  /** Something to tell at the end of the run, once. */
  | { readonly ask: 'note'; readonly text: string }
  | { readonly ask: 'notes' };

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly socketDirectory: string;
  readonly pid: number;
}

export type KeeperAnswer =
  | { readonly server: RunningServer }
  | { readonly notes: readonly string[] }
  | { readonly failure: string };

/** Holds the directory of the keeper; set for the processes of a test run. */
export const KEEPER_VARIABLE = 'DMS_TEST_SERVERS';
