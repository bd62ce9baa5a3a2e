// Parses `database/schema.json` of an archive: hostile input that is about to become a database.

import { DmsBackupError } from '../errors.ts';
import { qualifiedName } from '../database/schema.ts';
import { ArchivedSchemaSchema, tableFolder } from './database-part.ts';
import type { ArchivedSchema } from './database-part.ts';

/** Throws `archive-damaged` for anything that the writer would not have written. */
export function archivedSchema(content: Buffer): ArchivedSchema {
  let schema: ArchivedSchema;
  try {
    schema = ArchivedSchemaSchema.parse(JSON.parse(content.toString('utf8')));
  } catch (cause) {
    throw new DmsBackupError(
      'archive-damaged',
      'cannot understand the database schema of the archive',
      { cause },
    );
  }
  const names = new Set<string>();
  for (const [number, table] of schema.tables.entries()) {
    names.add(qualifiedName(table));
    if (table.folder !== tableFolder(table, number)) {
      throw new DmsBackupError(
        'archive-damaged',
        `the rows of table '${qualifiedName(table)}' are in a wrong folder`,
      );
    }
  }
  if (names.size !== schema.tables.length)
    throw new DmsBackupError('archive-damaged', 'the archive names a table twice');
  return schema;
}
