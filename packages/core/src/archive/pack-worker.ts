// Thread of the archive writer: reads files synchronously into one buffer, writes the tar heads before them, hashes and
// compresses the whole as one frame. One read serves everything.

import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { freeMemory, ownsMemory } from '../io/free-memory.ts';
import { serveJobs } from '../io/worker-pool.ts';
import { formatMtime, mtimeSeconds } from './entry-time.ts';
import { compressFrame, frameTargetBytes } from './frame-codec.ts';
import { grewFailure, notRegularFailure } from './pack-job.ts';
import type {
  DiskItem,
  MemoryItem,
  PackItem,
  PackJob,
  PackResult,
  PackedItem,
  PieceItem,
} from './pack-job.ts';
import { headBytes, paddedBytes, writeHead } from './tar-entry.ts';

/** A file that grew since the scan is still taken while the frame stays below this. */
const bufferLimitBytes = 64 * 1024 * 1024;

let buffer = Buffer.allocUnsafeSlow(frameTargetBytes + 1024 * 1024);
let used = 0;

serveJobs((job: PackJob) => {
  const result = pack(job);
  const transfer = [result.frame.buffer as ArrayBuffer];
  if (result.piece) transfer.push(result.piece.buffer as ArrayBuffer);
  return { result, transfer };
});

function pack(job: PackJob): PackResult {
  used = 0;
  let piece: Uint8Array | undefined;
  const items = job.items.map((item) => {
    const packed = packItem(item);
    if (item.kind === 'piece')
      piece = Uint8Array.prototype.slice.call(
        buffer,
        used - item.padding - item.length,
        used - item.padding,
      );
    return packed;
  });
  if (job.endBytes > 0) {
    makeRoom(job.endBytes);
    buffer.fill(0, used, used + job.endBytes);
    used += job.endBytes;
  }
  const frame =
    used === 0
      ? new Uint8Array()
      : ownMemory(compressFrame(buffer.subarray(0, used), job.codec, job.level));
  return { frame, contentSize: used, items, ...(piece && { piece }) };
}

function packItem(item: PackItem): PackedItem {
  if (item.kind === 'disk') return packDisk(item);
  if (item.kind === 'memory') return packMemory(item);
  return packPiece(item);
}

function packMemory(item: MemoryItem): PackedItem {
  const offset = used;
  const content = Buffer.from(
    item.content.buffer,
    item.content.byteOffset,
    item.content.byteLength,
  );
  const facts = {
    path: asBuffer(item.path),
    type: item.type,
    ...(item.link && { link: asBuffer(item.link) }),
    size: content.length,
    mode: item.mode,
    uid: item.uid,
    gid: item.gid,
    mtimeSeconds: mtimeSeconds(item.mtime),
  };
  makeRoom(headBytes(facts) + paddedBytes(content.length));
  used += writeHead(buffer, used, facts);
  content.copy(buffer, used);
  const size = content.length;
  if (ownsMemory(item.content)) freeMemory(item.content);
  const sha256 = hash('sha256', buffer.subarray(used, used + size), 'hex');
  pad(size);
  return {
    offset,
    size,
    sha256,
    mode: item.mode,
    uid: item.uid,
    gid: item.gid,
    mtime: item.mtime,
  };
}

function packDisk(item: DiskItem): PackedItem {
  const offset = used;
  let fd: number;
  try {
    // O_NONBLOCK: a pipe that took the file's place must not stop the backup
    fd = openSync(
      asBuffer(item.source),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    return failed(offset, error);
  }
  try {
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) return failed(offset, undefined, notRegularFailure);
    const facts = { path: asBuffer(item.path), type: 'file' as const };
    const head = headBytes(facts);
    if (!reserve(head + paddedBytes(Number(before.size))))
      return failed(offset, undefined, grewFailure);
    const size = readFully(fd, used + head, Number(before.size));
    const content = buffer.subarray(used + head, used + head + size);
    const mtime = formatMtime(before.mtimeNs);
    const mode = Number(before.mode) & 0o7777;
    const [uid, gid] = [Number(before.uid), Number(before.gid)];
    used += writeHead(buffer, used, {
      ...facts,
      size,
      mode,
      uid,
      gid,
      mtimeSeconds: mtimeSeconds(mtime),
    });
    pad(size);
    return {
      offset,
      size,
      sha256: hash('sha256', content, 'hex'),
      ...(item.md5 && { md5: hash('md5', content, 'hex') }),
      mode,
      uid,
      gid,
      mtime,
      ...(isChanged(before, fstatSync(fd, { bigint: true }), size) && { changed: true }),
    };
  } catch (error) {
    used = offset;
    return failed(offset, error);
  } finally {
    closeSync(fd);
  }
}

/** Shorter than announced: the rest is zeros (the entry's size is fixed by its head) and the caller sees `changed`. */
function packPiece(item: PieceItem): PackedItem {
  const offset = used;
  makeRoom(item.head.length + item.length + item.padding);
  asBuffer(item.head).copy(buffer, used);
  used += item.head.length;
  let size = 0;
  let failure: string | undefined;
  try {
    size = readFully(item.fd, used, item.length, item.start);
  } catch (error) {
    failure = failed(offset, error).failure;
  }
  buffer.fill(0, used + size, used + item.length);
  used += item.length;
  buffer.fill(0, used, used + item.padding);
  used += item.padding;
  const nothing = { sha256: '', mode: 0, uid: 0, gid: 0, mtime: '' };
  return {
    offset,
    size,
    ...nothing,
    ...(size < item.length && { changed: true }),
    ...(failure !== undefined && { failure }),
  };
}

function readFully(fd: number, at: number, length: number, start?: number): number {
  let done = 0;
  while (done < length) {
    const count = readSync(
      fd,
      buffer,
      at + done,
      length - done,
      start === undefined ? null : start + done,
    );
    if (count === 0) break;
    done += count;
  }
  return done;
}

function isChanged(before: BigIntStats, after: BigIntStats, size: number): boolean {
  return (
    BigInt(size) !== after.size || before.mtimeNs !== after.mtimeNs || before.size !== after.size
  );
}

/** Makes room behind `used`; false when the frame would grow beyond the limit. */
function reserve(bytes: number): boolean {
  const needed = used + bytes;
  if (needed > bufferLimitBytes && used > 0) return needed <= buffer.length;
  if (needed > bufferLimitBytes + frameTargetBytes) return false;
  makeRoom(bytes);
  return true;
}

/** For what cannot be handed back: the writer keeps such things small. */
function makeRoom(bytes: number): void {
  const needed = used + bytes;
  if (needed <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(needed + frameTargetBytes);
  buffer.copy(larger, 0, 0, used);
  buffer = larger;
}

function pad(size: number): void {
  const padded = paddedBytes(size);
  buffer.fill(0, used + size, used + padded);
  used += padded;
}

function failed(offset: number, error: unknown, code?: string): PackedItem {
  const found = code ?? (error as { code?: string }).code ?? 'EIO';
  return { offset, size: 0, sha256: '', mode: 0, uid: 0, gid: 0, mtime: '', failure: found };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes whose ArrayBuffer can be transferred: compression gives large results memory of their own, small ones share a pool. */
function ownMemory(bytes: Buffer): Uint8Array {
  return bytes.buffer.byteLength > Buffer.poolSize ? bytes : Uint8Array.prototype.slice.call(bytes);
}
