// What a database on a server is described by, for before-and-after comparisons; the same shape for all servers.

import type { TableDigest } from './digest-sqlite.ts';

export interface ServerDigest {
  /** `<kind> <name>` -> definition as the server words it; keys, indexes, comments and the like included. */
  definitions: Record<string, string>;
  /** By name; on PostgreSQL with the schema in front. Digests do not depend on the order of rows. */
  tables: Record<string, TableDigest>;
  /** State of sequences and of automatic keys, by name. */
  sequences: Record<string, string>;
  /** Properties of the database as a whole, such as encoding and collation. */
  settings: Record<string, string>;
}

/** Where a database is, and who may read all of it. */
export interface ServerAddress {
  host: string;
  port: number;
  user: string;
  password?: string;
  database: string;
}
