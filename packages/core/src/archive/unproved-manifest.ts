// What a damaged archive says of itself at its beginning. Nothing here is proved by a seal: it is good for a message and for being
// careful, never for a restore or a removal.

import { Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Header } from 'tar/header';
import { ManifestSchema } from './schema.ts';
import type { Manifest } from './schema.ts';
import { blockBytes, paddedBytes } from './tar-entry.ts';

/** README and manifest lie in the first frame, of about 4 MiB. */
export const manifestStartBytes = 4 * 1024 * 1024;
const contentLimitBytes = 8 * 1024 * 1024;

/** The manifest of a file of which these are the first bytes, if it begins as an archive of ours. Never throws. */
export async function unprovedManifest(start: Buffer): Promise<Manifest | undefined> {
  try {
    return manifestIn(start) ?? manifestIn(await unpacked(start));
  } catch {
    return undefined;
  }
}

/** As much as can be unpacked: the end of the bytes is in the middle of a frame, and damage may come earlier. */
async function unpacked(start: Buffer): Promise<Buffer> {
  const isGzip = start.readUInt16BE(0) === 0x1f8b;
  const unpack: Transform = isGzip ? createGunzip() : createZstdDecompress();
  const parts: Buffer[] = [];
  let length = 0;
  Readable.from(slices(start)).pipe(unpack);
  try {
    for await (const part of unpack as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length > contentLimitBytes) break;
    }
  } catch {
    // what came before is what there is
  } finally {
    unpack.destroy();
  }
  return Buffer.concat(parts);
}

/** Small pieces: what is unpacked before the damage must come out. */
function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 16 * 1024) yield bytes.subarray(at, at + 16 * 1024);
}

function manifestIn(content: Buffer): Manifest | undefined {
  for (let at = 0; at + blockBytes <= content.length;) {
    const { path, size } = headAt(content, at) ?? {};
    if (path === undefined || size === undefined) return undefined;
    const begin = at + blockBytes;
    if (path === 'manifest.json') {
      const text = content.toString('utf8', begin, begin + size);
      return ManifestSchema.safeParse(JSON.parse(text)).data;
    }
    if (path !== 'README.txt') return undefined;
    at = begin + paddedBytes(size);
  }
  return undefined;
}

function headAt(content: Buffer, at: number): Header | undefined {
  if (content.toString('latin1', at + 257, at + 262) !== 'ustar') return undefined;
  return new Header(content.subarray(at, at + blockBytes));
}
