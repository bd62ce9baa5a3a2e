// zod schemas of `database/schema.json`: the tables in engine-neutral words, and the engine's own exact definitions.

import { z } from 'zod';

/** Meaning of a column, independent of the engine. `any`: SQLite columns without a declared type. */
export const LogicalTypeSchema = z.enum([
  'boolean',
  'integer',
  'float',
  'decimal',
  'text',
  'bytes',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'json',
  'any',
]);

export const ColumnSchema = z.object({
  name: z.string(),
  logicalType: LogicalTypeSchema,
  /** As the engine spells it, e.g. `varchar(128)`; empty when SQLite has none. */
  declaredType: z.string(),
  nullable: z.boolean(),
  /** Generated columns are not in the COPY text; the target computes them anew. */
  generated: z.enum(['stored', 'virtual']).optional(),
  /** What values must keep to, where the engine enforces it: for the census of a move to another engine. */
  limits: z
    .object({
      characters: z.number().int(),
      bytes: z.number().int(),
      /** Digits in all, and after the point. */
      precision: z.number().int(),
      scale: z.number().int(),
      /** Smallest and largest integer, as decimal text. */
      minimum: z.string(),
      maximum: z.string(),
    })
    .partial()
    .exactOptional(),
  /** SQLite: the storage class that COPY text stands for where the chunk says nothing else. */
  storage: z.enum(['integer', 'real', 'text', 'blob']).optional(),
});

export const TableSchema = z.object({
  /** Absent for SQLite. */
  schema: z.string().optional(),
  name: z.string(),
  columns: z.array(ColumnSchema),
  primaryKey: z.array(z.string()),
  /**
   * PostgreSQL: the table belongs to this extension, which makes it; its rows are in part the user's (`spatial_ref_sys` of
   * PostGIS). It has no definition here. `ownRows`: some rows are not the extension's, by its own word.
   */
  extension: z.object({ name: z.string(), ownRows: z.boolean() }).exactOptional(),
});

/** One object as the engine defines it. */
export const DefinitionSchema = z.object({
  kind: z.string(),
  /** Absent for SQLite and MariaDB, and for objects that lie in no schema (extensions). */
  schema: z.string().optional(),
  name: z.string(),
  table: z.string().optional(),
  sql: z.string(),
});

export const DatabaseSchemaSchema = z.object({
  engine: z.enum(['sqlite', 'postgres', 'mariadb']),
  /** Version of the library or server that was read. */
  engineVersion: z.string(),
  /** Character encoding of the database, e.g. `UTF-8`. */
  encoding: z.string(),
  /** SQLite: user_version, application_id, journal_mode, page_size, auto_vacuum. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  tables: z.array(TableSchema),
  /** What must exist before the rows. */
  preData: z.array(DefinitionSchema),
  /** What comes after the rows: indexes, views, triggers. */
  postData: z.array(DefinitionSchema),
  /**
   * Next-value state. SQLite: sqlite_sequence as written there. MariaDB: the next AUTO_INCREMENT of a table. PostgreSQL:
   * last_value and is_called of a sequence, and the column that it feeds. Values as decimal text.
   */
  sequences: z.array(
    z.object({
      schema: z.string().optional(),
      name: z.string(),
      value: z.string(),
      isCalled: z.boolean().optional(),
      feeds: z
        .object({ schema: z.string().optional(), table: z.string(), column: z.string() })
        .optional(),
    }),
  ),
});

/**
 * Proof of one table. `digest` is SHA-256 over three SHA-256 digests (COPY text, storage lines, COPY text of the generated
 * columns), so it does not depend on how the rows were cut into chunks: rows in the hashed storage lines count from the first
 * row of the table. A generated value of an unusual storage class adds the field `<column> <class>` to its line. Servers have
 * no storage lines, so the second digest is that of nothing.
 */
export const TableDigestSchema = z.object({
  rows: z.number().int().nonnegative(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});

/** `schema.table` for engines with schemas, else the bare name. Used in paths, reports and `excluded`. */
export function qualifiedName(table: { schema?: string | undefined; name: string }): string {
  return table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
}
