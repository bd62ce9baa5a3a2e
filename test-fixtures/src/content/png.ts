// Writes small valid PNG files (RGB, 8 bits). The pixels are stored, not deflated, so the bytes do not depend on zlib.

import { crc32 } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** `pixels`: three bytes per pixel, row by row; at most 65535 bytes with one filter byte per row (one stored block). */
export function writePng(width: number, height: number, pixels: Buffer): Buffer {
  const rows: Buffer[] = [];
  for (let row = 0; row < height; row++) {
    rows.push(Buffer.alloc(1), pixels.subarray(row * width * 3, (row + 1) * width * 3));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // bit depth 8, colour type RGB
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', zlibStored(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A zlib stream of one stored block (RFC 1950, RFC 1951 3.2.4). */
function zlibStored(data: Buffer): Buffer {
  if (data.length > 0xffff)
    throw new RangeError(`picture of ${data.length} bytes needs more than one block`);
  const head = Buffer.from([0x78, 0x01, 0x01, 0, 0, 0, 0]);
  head.writeUInt16LE(data.length, 3);
  head.writeUInt16LE(~data.length & 0xffff, 5);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(adler32(data));
  return Buffer.concat([head, data, tail]);
}

function adler32(data: Buffer): number {
  let [low, high] = [1, 0];
  for (const byte of data) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 0x1_0000 + low;
}
