// A schema that consists of names, for rules about tables.

import type { DatabaseSchema } from '@dms-backup/core';

/** `tables`: columns by table. */
export function schemaOf(tables: ReadonlyMap<string, readonly string[]>): DatabaseSchema {
  return {
    engine: 'sqlite',
    engineVersion: '',
    encoding: 'UTF-8',
    settings: {},
    preData: [],
    postData: [],
    sequences: [],
    tables: [...tables].map(([name, columns]) => ({
      name,
      primaryKey: [],
      columns: columns.map((column) => ({
        name: column,
        logicalType: 'any',
        declaredType: '',
        nullable: true,
      })),
    })),
  };
}
