// Recognises the codec of an archive file and finds its frames: from the seek table (zstd), by hopping from member to member
// (gzip), or as slices of the plain file (none).

import { DmsBackupError } from '../errors.ts';
import type { ArchiveSource, ByteSource } from '../source/byte-source.ts';
import { frameTargetBytes, gzipHeadBytes, readGzipHead } from './frame-codec.ts';
import type { Codec } from './frame-codec.ts';
import {
  FrameTable,
  assertFrameSizes,
  decodeSeekTable,
  seekTableFootBytes,
  seekTableLength,
} from './frame-table.ts';
import { blockBytes, endOfArchiveBytes } from './tar-entry.ts';

const zstdMagic = 0xfd2fb528;
const ustarOffset = 257;
const sniffBytes = blockBytes;

/** Throws `not-an-archive` or `archive-damaged`. */
export function readFrameTable(source: ArchiveSource): { codec: Codec; frames: FrameTable } {
  const start = source.read(0, Math.min(sniffBytes, source.sizeBytes));
  const codec = sniff(start);
  if (codec === undefined) {
    throw new DmsBackupError('not-an-archive', `'${source.name}' is no archive of dms-backup`, {
      ...(start.toString('latin1', 0, 21) === 'age-encryption.org/v1' && {
        hint: 'The file is encrypted with age.',
      }),
    });
  }
  if (codec === 'zstd') return { codec, frames: zstdFrames(source) };
  if (codec === 'gzip') return { codec, frames: gzipFrames(source) };
  return { codec, frames: slices(source.sizeBytes) };
}

function sniff(start: Buffer): Codec | undefined {
  if (start.length >= 4 && start.readUInt32LE(0) === zstdMagic) return 'zstd';
  if (start.length >= 2 && start.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (
    start.length === sniffBytes &&
    start.toString('latin1', ustarOffset, ustarOffset + 5) === 'ustar'
  )
    return 'none';
  return undefined;
}

function zstdFrames(source: ByteSource): FrameTable {
  const fileBytes = source.sizeBytes;
  const foot = source.read(
    Math.max(0, fileBytes - seekTableFootBytes),
    Math.min(fileBytes, seekTableFootBytes),
  );
  const length = seekTableLength(foot);
  if (length === undefined || length > fileBytes) {
    throw new DmsBackupError(
      'archive-damaged',
      'the archive does not end with its seek table: it was cut or packed anew',
    );
  }
  return decodeSeekTable(source.read(fileBytes - length, length), fileBytes - length);
}

function gzipFrames(source: ByteSource): FrameTable {
  const fileBytes = source.sizeBytes;
  const frames = new FrameTable();
  while (frames.compressedBytes < fileBytes) {
    const left = fileBytes - frames.compressedBytes;
    const head = readGzipHead(source.read(frames.compressedBytes, Math.min(gzipHeadBytes, left)));
    if (!head || head.compressedSize > left || head.compressedSize < gzipHeadBytes) {
      throw new DmsBackupError(
        'archive-damaged',
        'a gzip member of the archive is cut or not ours',
      );
    }
    assertFrameSizes(head.compressedSize, head.size);
    frames.add(head.compressedSize, head.size);
  }
  return frames;
}

function slices(fileBytes: number): FrameTable {
  if (fileBytes % blockBytes !== 0 || fileBytes < endOfArchiveBytes) {
    throw new DmsBackupError(
      'archive-damaged',
      'the archive is no whole number of tar blocks: it was cut',
    );
  }
  const frames = new FrameTable();
  for (let at = 0; at < fileBytes; at += frameTargetBytes) {
    const size = Math.min(frameTargetBytes, fileBytes - at);
    frames.add(size, size);
  }
  return frames;
}
