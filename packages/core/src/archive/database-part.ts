// Where the parts of a database lie in an archive. The names are derived from the schema alone, so that writer, reader and
// other programs agree.

import { z } from 'zod';
import type { Table } from '../database/engine.ts';
import { DatabaseSchemaSchema, TableSchema, qualifiedName } from '../database/schema.ts';

export const databaseSchemaPath = 'database/schema.json';
export const preDataPath = 'database/ddl/pre-data.sql';
export const postDataPath = 'database/ddl/post-data.sql';

/** `database/schema.json`: the schema, and for each table the folder of its rows and whether they were kept. */
export const ArchivedSchemaSchema = DatabaseSchemaSchema.extend({
  tables: z.array(TableSchema.extend({ folder: z.string(), keepRows: z.boolean() })),
});
export type ArchivedSchema = z.infer<typeof ArchivedSchemaSchema>;

const folderLimit = 120;

/**
 * Folder of a table's rows below `database/tables/`: its qualified name where that is a plain file name, else the name with
 * other characters percent-encoded, else (empty, too long, hidden, or like such a number) its number in the schema.
 */
export function tableFolder(table: Pick<Table, 'schema' | 'name'>, number: number): string {
  const name = qualifiedName(table);
  const encoded = Buffer.from(name)
    .toString('latin1')
    .replaceAll(
      /[^A-Za-z0-9_.-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  // a table that is itself called like a number of another one takes its own number
  const isPlain =
    encoded.length > 0 && encoded.length <= folderLimit && !/^(?:\.|table-\d)/.test(encoded);
  return isPlain ? encoded : `table-${String(number).padStart(6, '0')}`;
}

/** `database/tables/<folder>/<nnnnnn>.copy`, numbers from 1. */
export function chunkPath(folder: string, number: number): string {
  return `database/tables/${folder}/${String(number).padStart(6, '0')}.copy`;
}

/** Beside a chunk: storage classes that COPY text alone cannot say (SQLite). */
export function storagePath(folder: string, number: number): string {
  return chunkPath(folder, number).replace(/\.copy$/, '.storage');
}
