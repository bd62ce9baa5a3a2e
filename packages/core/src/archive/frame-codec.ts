// One frame of an archive: an independent piece of compressed data, about 3 MiB of input. zstd frames carry a content
// checksum; gzip members carry their own size in an extra field, so that a reader can hop over them; `none` is the bytes.

import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { DmsBackupError } from '../errors.ts';

export type Codec = 'zstd' | 'gzip' | 'none';

/** Input of one frame that the writer aims at. */
export const frameTargetBytes = 3 * 1024 * 1024;
/** The most that a reader accepts as content of one frame: a bound against compression bombs. */
export const frameLimitBytes = 72 * 1024 * 1024;

/** Subfield of the gzip extra field: `DB`, then member size and content size as 32 bit little endian. */
const gzipSubfield = Buffer.from('DB');
export const gzipHeadBytes = 10 + 2 + 4 + 8;

/** Compresses one frame. The result owns its memory and may be transferred to another thread. */
export function compressFrame(content: Buffer, codec: Codec, level: number): Buffer {
  if (codec === 'none') return Buffer.from(content);
  if (codec === 'gzip') return gzipMember(content, level);
  return zstdCompressSync(content, {
    // one output chunk: the default of 16 KiB costs a loop and a copy for each
    chunkSize: content.length + (content.length >> 8) + 1024,
    pledgedSrcSize: content.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

/** Decompresses one frame to exactly `size` bytes. Throws `archive-damaged` for anything else, bytes behind the frame too. */
export function decompressFrame(frame: Buffer, codec: Codec, size: number): Buffer {
  if (codec === 'none') return frame;
  let content: Buffer;
  let usedBytes: number;
  try {
    const options = {
      maxOutputLength: Math.max(1, size),
      chunkSize: Math.max(64, size),
      info: true,
    };
    const found: unknown =
      codec === 'gzip' ? gunzipSync(frame, options) : zstdDecompressSync(frame, options);
    // the types know the result without `info` only
    const { buffer, engine } = found as { buffer: Buffer; engine: { bytesWritten: number } };
    content = buffer;
    usedBytes = engine.bytesWritten;
  } catch (cause) {
    throw new DmsBackupError('archive-damaged', 'cannot decompress a frame of the archive', {
      cause,
    });
  }
  if (content.length !== size) {
    throw new DmsBackupError(
      'archive-damaged',
      `a frame holds ${content.length} bytes, the table says ${size}`,
    );
  }
  // zlib passes over zeros; the gzip program would take them for the end of the file
  if (usedBytes !== frame.length)
    throw new DmsBackupError('archive-damaged', 'a frame of the archive ends before its size');
  return content;
}

function gzipMember(content: Buffer, level: number): Buffer {
  const plain = gzipSync(content, {
    level,
    chunkSize: content.length + (content.length >> 8) + 1024,
  });
  const head = Buffer.alloc(gzipHeadBytes);
  plain.copy(head, 0, 0, 10);
  head[3] = 4; // FEXTRA
  head.writeUInt32LE(0, 4); // no time, no system: the same input gives the same archive
  head.writeUInt16BE(0x00ff, 8);
  head.writeUInt16LE(12, 10);
  gzipSubfield.copy(head, 12);
  head.writeUInt16LE(8, 14);
  head.writeUInt32LE(plain.length - 10 + gzipHeadBytes, 16);
  head.writeUInt32LE(content.length, 20);
  return Buffer.concat([head, plain.subarray(10)]);
}

/** Sizes in the head of a gzip member of ours, or undefined when it is another file's. */
export function readGzipHead(head: Buffer): { compressedSize: number; size: number } | undefined {
  if (head.length < gzipHeadBytes) return undefined;
  const ours =
    head.readUInt16BE(0) === 0x1f8b &&
    head[2] === 8 &&
    head[3] === 4 &&
    head.readUInt32LE(4) === 0 &&
    head.readUInt16BE(8) === 0x00ff &&
    head.readUInt16LE(10) === 12 &&
    head.subarray(12, 14).equals(gzipSubfield) &&
    head.readUInt16LE(14) === 8;
  if (!ours) return undefined;
  return { compressedSize: head.readUInt32LE(16), size: head.readUInt32LE(20) };
}
