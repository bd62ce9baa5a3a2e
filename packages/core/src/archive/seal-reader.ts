// Finds and checks the seal: the last entry, followed by exactly two zero blocks and the end of the tar stream.

import { Header } from 'tar/header';
import { DmsBackupError } from '../errors.ts';
import type { ByteSource } from '../source/byte-source.ts';
import { FrameCursor } from './frame-cursor.ts';
import type { Codec } from './frame-codec.ts';
import type { FrameTable } from './frame-table.ts';
import { SealSchema, formatVersion } from './schema.ts';
import type { Seal } from './schema.ts';
import { isSealText } from './seal-text.ts';
import { blockBytes, encodeHead, endOfArchiveBytes, paddedBytes } from './tar-entry.ts';

/** How far from the end the seal is looked for in an uncompressed archive: more than any seal is long. */
const searchLimitBytes = 16 * 1024 * 1024;
const sealName = Buffer.from('seal.json\0');

export interface LocatedSeal {
  readonly seal: Seal;
  readonly position: number;
  readonly madeAtSeconds: number;
}

/** Throws `archive-damaged`, or `format-unsupported` for an archive from the future. */
export function locateSeal(source: ByteSource, codec: Codec, frames: FrameTable): LocatedSeal {
  const end = frames.contentBytes;
  // compressed archives have the seal in a frame of its own; else the last head of that name before the end is it
  const start =
    codec === 'none'
      ? Math.max(0, end - searchLimitBytes)
      : frames.frame(frames.length - 1).position;
  const cursor = new FrameCursor(source, codec, [...frames.covering(start, end)], start);
  const bytes = Buffer.from(cursor.takeExactly(end - start));
  const at = codec === 'none' ? lastSealHead(bytes) : 0;
  const head = bytes.subarray(at, at + blockBytes);
  if (head.length < blockBytes || !head.subarray(0, sealName.length).equals(sealName)) {
    throw new DmsBackupError(
      'archive-damaged',
      'the archive has no seal: it was cut or never finished',
    );
  }
  const { size, madeAtSeconds } = sizeAndTime(head);
  const contentEnd = at + blockBytes + size;
  const facts = {
    path: Buffer.from('seal.json'),
    type: 'file',
    size,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: madeAtSeconds,
  } as const;
  const exact =
    bytes.length === at + blockBytes + paddedBytes(size) + endOfArchiveBytes &&
    encodeHead(facts).equals(head) &&
    bytes.subarray(contentEnd).every((byte) => byte === 0);
  if (!exact) throw damaged();
  return {
    seal: parseSeal(bytes.toString('utf8', at + blockBytes, contentEnd)),
    position: start + at,
    madeAtSeconds,
  };
}

/** The two facts that only the head itself knows. */
function sizeAndTime(head: Buffer): { size: number; madeAtSeconds: number } {
  let header: Header;
  try {
    header = new Header(head);
  } catch {
    // a number in a form that tar does not have
    throw damaged();
  }
  const madeAtSeconds = (header.mtime?.getTime() ?? Number.NaN) / 1000;
  if (header.size === undefined || !Number.isSafeInteger(madeAtSeconds)) throw damaged();
  return { size: header.size, madeAtSeconds };
}

function lastSealHead(bytes: Buffer): number {
  for (let at = bytes.length - blockBytes; at >= 0; at -= blockBytes) {
    if (bytes.compare(sealName, 0, sealName.length, at, at + sealName.length) !== 0) continue;
    if (bytes.toString('latin1', at + 257, at + 262) === 'ustar') return at;
  }
  throw new DmsBackupError(
    'archive-damaged',
    'the archive has no seal: it was cut or never finished',
  );
}

function parseSeal(text: string): Seal {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
    const version = (parsed as { formatVersion?: unknown } | null)?.formatVersion;
    if (typeof version === 'number' && version > formatVersion) {
      throw new DmsBackupError(
        'format-unsupported',
        `the archive has format version ${version}, this program knows ${formatVersion}`,
      );
    }
    const seal = SealSchema.parse(parsed);
    if (!isSealText(text, parsed)) throw damaged();
    return seal;
  } catch (cause) {
    if (cause instanceof DmsBackupError) throw cause;
    throw new DmsBackupError('archive-damaged', 'cannot understand the seal of the archive', {
      cause,
    });
  }
}

function damaged(): DmsBackupError {
  return new DmsBackupError(
    'archive-damaged',
    'the seal of the archive is damaged or not its last entry',
  );
}
