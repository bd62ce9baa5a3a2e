// Edits SQLite databases so that the write-ahead log stays behind, as it lies there while an application runs.
// Closing the last connection empties the log, so both files are copied while it is open and put back afterwards.

import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Lowest bit of the magic number: checksums are over big-endian words (SQLite file format, section 4.1). */
const BIG_ENDIAN_BIT = 1;
const SALTS = [0x5a_17_ba_c0, 0x0d_b5_0c_0d] as const;

/**
 * Runs `edit` on an open connection. With `keepLog` what it commits is afterwards only in `<path>-wal`; a log that is
 * already there is kept and grows. `prepare` runs first, for functions that the schema needs.
 */
export function editDatabase(
  path: string,
  keepLog: boolean,
  prepare: (database: DatabaseSync) => void,
  edit: (database: DatabaseSync) => void,
): void {
  const database = new DatabaseSync(path);
  try {
    prepare(database);
    if (keepLog) database.exec('PRAGMA wal_autocheckpoint = 0');
    database.exec('BEGIN');
    edit(database);
    database.exec('COMMIT');
    if (keepLog) {
      copyFileSync(path, `${path}.kept`);
      writeFileSync(`${path}.kept-wal`, fixSalts(readFileSync(`${path}-wal`)));
    }
  } finally {
    database.close();
  }
  if (keepLog) {
    renameSync(`${path}.kept`, path);
    renameSync(`${path}.kept-wal`, `${path}-wal`);
  }
}

/** Is there a log with content beside the database? */
export function hasLog(path: string): boolean {
  return existsSync(`${path}-wal`) && readFileSync(`${path}-wal`).length > 0;
}

/** SQLite draws two random salts per log; fixed ones make equal content equal bytes. Checksums are made anew. */
function fixSalts(log: Buffer): Buffer {
  const fixed = Buffer.from(log);
  const pageBytes = fixed.readUInt32BE(8);
  const bigEndian = (fixed.readUInt32BE(0) & BIG_ENDIAN_BIT) === BIG_ENDIAN_BIT;
  let sums: [number, number] = [0, 0];
  const seal = (start: number, parts: readonly Buffer[], at: number): void => {
    fixed.writeUInt32BE(SALTS[0], start);
    fixed.writeUInt32BE(SALTS[1], start + 4);
    for (const part of parts) sums = addWords(part, sums, bigEndian);
    fixed.writeUInt32BE(sums[0], at);
    fixed.writeUInt32BE(sums[1], at + 4);
  };
  seal(16, [fixed.subarray(0, 24)], 24);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = WAL_HEADER_BYTES; at + frameBytes <= fixed.length; at += frameBytes) {
    const page = fixed.subarray(at + FRAME_HEADER_BYTES, at + frameBytes);
    seal(at + 8, [fixed.subarray(at, at + 8), page], at + 16);
  }
  return fixed;
}

function addWords(part: Buffer, sums: [number, number], bigEndian: boolean): [number, number] {
  let [first, second] = sums;
  for (let at = 0; at < part.length; at += 8) {
    const left = bigEndian ? part.readUInt32BE(at) : part.readUInt32LE(at);
    const right = bigEndian ? part.readUInt32BE(at + 4) : part.readUInt32LE(at + 4);
    first = (first + left + second) >>> 0;
    second = (second + right + first) >>> 0;
  }
  return [first, second];
}
