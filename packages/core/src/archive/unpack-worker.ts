// Thread of the archive reader: decompresses a run of frames and walks the entries in it. Each head must be byte for byte the
// one that the index line gives, each content must have the hash, each padding must be zero: any difference is damage.
// Files are created new (O_EXCL, no link is followed), with the recorded mode and time.

import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  openSync,
  writeSync,
} from 'node:fs';
import { workerData } from 'node:worker_threads';
import { DmsBackupError, systemErrorCode } from '../errors.ts';
import { serveJobs } from '../io/worker-pool.ts';
import type { ThreadSourceData } from '../source/byte-source.ts';
import { openThreadSource } from '../source/thread-source.ts';
import { utimesTime, mtimeSeconds } from './entry-time.ts';
import { FrameCursor } from './frame-cursor.ts';
import { headBytes, paddedBytes, writeHead } from './tar-entry.ts';
import type { EntryFacts } from './tar-entry.ts';
import type { UnpackEntry, UnpackJob, UnpackResult } from './unpack-job.ts';

/** Content that is handed back whole: no database chunk of ours is larger. */
const contentLimitBytes = 1024 * 1024 * 1024;
const lineFeed = 0x0a;
/** No set-user-id and set-group-id: an archive must not be able to leave programs that run as their owner. */
const safeFileModes = 0o1777;

const source = openThreadSource(workerData as ThreadSourceData);
let expected = Buffer.alloc(16 * 1024);

serveJobs((job: UnpackJob) => {
  const result = unpack(job);
  return { result, transfer: result.contents.map(({ buffer }) => buffer as ArrayBuffer) };
});

function unpack(job: UnpackJob): UnpackResult {
  const cursor = new FrameCursor(source, job.codec, job.frames, job.start);
  try {
    return unpackEntries(cursor, job);
  } finally {
    cursor.close();
  }
}

function unpackEntries(cursor: FrameCursor, job: UnpackJob): UnpackResult {
  const rows: [number, number][] = [];
  let bytes = 0;
  const contents: Uint8Array[] = [];
  for (const [number, entry] of job.entries.entries()) {
    const path = asBuffer(entry.pathBytes);
    cursor.skip(entry.skipBytes ?? 0);
    assertHead(cursor, entry, path);
    const output = entry.writeTo ? openOutput(asBuffer(entry.writeTo)) : undefined;
    try {
      const counted = path.subarray(-5).toString('latin1') === '.copy';
      const read = readContent(cursor, entry, path, { output, counted, stop: job.stop });
      if (counted) rows.push([number, read.rows]);
      if (read.content) contents.push(read.content);
      if (output !== undefined) finishOutput(output, entry, job.setOwner);
    } finally {
      if (output !== undefined) closeSync(output);
    }
    assertZeros(cursor, paddedBytes(entry.size) - entry.size, path);
    bytes += entry.size;
  }
  return { bytes, rows, contents };
}

function assertHead(cursor: FrameCursor, entry: UnpackEntry, path: Buffer): void {
  const facts: EntryFacts = {
    path,
    type: entry.type,
    size: entry.size,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtimeSeconds: mtimeSeconds(entry.mtime),
    ...(entry.linkBytes && { link: asBuffer(entry.linkBytes) }),
  };
  const length = headBytes(facts);
  if (expected.length < length) expected = Buffer.alloc(length);
  writeHead(expected, 0, facts);
  if (cursor.takeExactly(length).compare(expected, 0, length) !== 0) {
    throw damaged(path, 'has another head than the index says');
  }
}

interface Reading {
  readonly output: number | undefined;
  readonly counted: boolean;
  readonly stop: Int32Array | undefined;
}

function readContent(
  cursor: FrameCursor,
  entry: UnpackEntry,
  path: Buffer,
  { output, counted, stop }: Reading,
): { rows: number; content?: Uint8Array } {
  if (entry.wantContent === true && entry.size > contentLimitBytes)
    throw damaged(path, 'is larger than any chunk can be');
  const content = entry.wantContent === true ? new Uint8Array(entry.size) : undefined;
  const first = entry.size === 0 ? Buffer.alloc(0) : cursor.take(entry.size);
  const stream = first.length < entry.size ? createHash('sha256') : undefined;
  let rows = 0;
  let done = 0;
  for (let view = first; ; view = cursor.take(entry.size - done)) {
    if (stop && Atomics.load(stop, 0) !== 0)
      throw new DmsBackupError('interrupted', 'work was stopped');
    stream?.update(view);
    if (output !== undefined) writeOutput(output, view, entry);
    content?.set(view, done);
    if (counted) rows += countLines(view);
    done += view.length;
    if (done >= entry.size) break;
  }
  const sha256 = stream ? stream.digest('hex') : hash('sha256', first, 'hex');
  if (entry.type === 'file' && sha256 !== entry.sha256)
    throw damaged(path, 'has another SHA-256 than the index says');
  return { rows, ...(content && { content }) };
}

function assertZeros(cursor: FrameCursor, length: number, path: Buffer): void {
  for (let left = length; left > 0;) {
    const view = cursor.take(left);
    if (view.some((byte) => byte !== 0))
      throw damaged(path, 'is followed by bytes that should be zero');
    left -= view.length;
  }
}

function openOutput(path: Buffer): number {
  try {
    return openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
  } catch (error) {
    throw outputError(error, path);
  }
}

function writeOutput(fd: number, view: Buffer, entry: UnpackEntry): void {
  try {
    for (let done = 0; done < view.length;) done += writeSync(fd, view, done);
  } catch (error) {
    throw outputError(error, asBuffer(entry.writeTo!));
  }
}

function finishOutput(fd: number, entry: UnpackEntry, setOwner: boolean): void {
  try {
    if (setOwner) fchownSync(fd, entry.uid, entry.gid);
    fchmodSync(fd, entry.mode & safeFileModes);
    const time = utimesTime(entry.mtime);
    futimesSync(fd, time, time);
  } catch (error) {
    throw outputError(error, asBuffer(entry.writeTo!));
  }
}

function outputError(error: unknown, path: Buffer): DmsBackupError {
  const code = systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DmsBackupError('no-space', `cannot write '${path.toString()}': no space left`, {
      cause: error,
    });
  }
  if (code === 'EEXIST')
    return new DmsBackupError('archive-damaged', `the archive has '${path.toString()}' twice`, {
      cause: error,
    });
  return new DmsBackupError(
    'restore-failed',
    `cannot write '${path.toString()}' (${code ?? String(error)})`,
    { cause: error },
  );
}

function countLines(view: Buffer): number {
  let lines = 0;
  for (let at = view.indexOf(lineFeed); at >= 0; at = view.indexOf(lineFeed, at + 1)) lines++;
  return lines;
}

function damaged(path: Buffer, what: string): DmsBackupError {
  return new DmsBackupError('archive-damaged', `the entry '${path.toString()}' ${what}`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
