// Compares the rows that a busy application wrote with the files beside them, wherever both are by now.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { contentOf, type BusyProduct } from './application.ts';
import { connect, type BusyDatabase } from './connection.ts';
import { nextgiswebFiles } from './nextgisweb.ts';
import { paperlessFiles } from './paperless.ts';
import { papermergeFiles } from './papermerge.ts';

interface FileRows {
  readonly sql: string;
  readonly place: (row: Record<string, unknown>) => {
    readonly name: string;
    readonly path: string;
    /** As the row states it. */
    readonly sha256?: string;
    /** A second file that must be there. */
    readonly besides?: string;
  };
}

const fileRows: Readonly<Record<BusyProduct, FileRows>> = {
  paperless: paperlessFiles,
  papermerge: papermergeFiles,
  nextgisweb: nextgiswebFiles,
};

export interface Judgement {
  /** Rows with a file; documents of the sample are left out. */
  readonly rows: number;
  /** Paths of files that are not there. */
  readonly missing: readonly string[];
  /** Paths of files that are not what was written. */
  readonly corrupt: readonly string[];
}

export async function judgeBusy(
  product: BusyProduct,
  database: BusyDatabase,
  mediaDirectory: string,
): Promise<Judgement> {
  const { sql, place } = fileRows[product];
  const connection = await connect(database);
  try {
    const places = (await connection.query(sql)).map(place);
    const missing = places
      .flatMap(({ path, besides }) => (besides === undefined ? [path] : [path, besides]))
      .filter((path) => !existsSync(join(mediaDirectory, path)));
    const corrupt = places.filter(({ name, path, sha256 }) => {
      const file = join(mediaDirectory, path);
      if (!existsSync(file)) return false;
      const content = readFileSync(file);
      const isStated =
        sha256 === undefined || createHash('sha256').update(content).digest('hex') === sha256;
      return !isStated || !content.equals(contentOf(name));
    });
    return { rows: places.length, missing, corrupt: corrupt.map(({ path }) => path) };
  } finally {
    await connection.close();
  }
}
