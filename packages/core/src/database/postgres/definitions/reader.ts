// What every file of this folder works with: a connection to read the catalogue, and the objects that come of it. Objects are
// known by a key, `<catalogue>:<oid>`, as pg_depend knows them; the key never leaves this folder.

import pg, { type ClientBase } from 'pg';
import { DmsBackupError } from '../../../errors.ts';
import type { DatabaseSchema } from '../../engine.ts';
import type { Dependencies } from './dependencies.ts';

export type Definition = DatabaseSchema['preData'][number];

/** Reads rows of the catalogue under `search_path = ''`, where every name that is not PostgreSQL's own comes qualified. */
export interface CatalogueReader {
  /** server_version_num, for example 150020. */
  readonly version: number;
  readonly dependencies: Dependencies;
  rows<Row>(sql: string): Promise<Row[]>;
}

/** One object, with what must be known to put it in order. */
export interface DefinedObject {
  readonly key: string;
  /** Keys of parts that are created together with it. */
  readonly parts?: readonly string[];
  /** Keys that must exist before, besides those that pg_depend names. */
  readonly requires?: readonly string[];
  /** `before` the rows or `after` them. An object that another one needs before the rows comes before them, too. */
  readonly when: 'before' | 'after';
  readonly definition: Definition;
}

/** Rows of the catalogue for one kind of object. */
export function readerOf(
  client: ClientBase,
  version: number,
  dependencies: Dependencies,
): CatalogueReader {
  return { version, dependencies, rows: (sql) => rowsOf(client, sql) };
}

export async function rowsOf<Row>(client: ClientBase, sql: string): Promise<Row[]> {
  // with the usual parsers, also when the client has others
  const result = await client.query({ text: sql, types: pg.types });
  return result.rows as Row[];
}

/** SQL: true for schemas of users. PostgreSQL keeps names that begin with `pg_` for itself. */
export const ownSchema = (name: string): string =>
  `(${name} !~ '^pg_' AND ${name} <> 'information_schema')`;

/** SQL: true when the object is not part of an extension. */
export const notOfExtension = (catalogue: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = '${catalogue}'::regclass AND member.objid = ${oid} AND member.deptype = 'e')`;

/** Objects made by initdb have smaller numbers (FirstNormalObjectId in PostgreSQL's access/transam.h). */
export const firstNormalOid = 16_384;

export function unsupported(kind: string, name: string, hint?: string): DmsBackupError {
  return new DmsBackupError('database-unsupported', `cannot keep ${kind} '${name}'`, {
    ...(hint !== undefined && { hint }),
    context: { kind, name },
  });
}
