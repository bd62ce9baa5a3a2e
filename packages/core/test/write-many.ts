// Child process of a test: writes an archive of very many empty files.

import { sealText } from '../src/archive/seal-text.ts';
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { compressFrame } from '../src/archive/frame-codec.ts';
import { FrameTable } from '../src/archive/frame-table.ts';
import { encodeHead, paddedBytes } from '../src/archive/tar-entry.ts';
import { manifest, sealFor, sha256 } from './assemble-archive.ts';

const [path = '', count = '0'] = process.argv.slice(2);
const table = new FrameTable();
const fd = openSync(path, 'w');
const facts = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0 };
const index: string[] = [];
const digest = createHash('sha256');
let indexBytes = 0;

function writeFrame(content: Buffer): void {
  const frame = compressFrame(content, 'zstd', 1);
  writeSync(fd, frame);
  table.add(frame.length, content.length);
}

function entry(name: string, content: Buffer): Buffer {
  const head = encodeHead({
    ...facts,
    path: Buffer.from(name),
    type: 'file',
    size: content.length,
  });
  return Buffer.concat([head, content, Buffer.alloc(paddedBytes(content.length) - content.length)]);
}

let frame: Buffer[] = [];
let frameBytes = 0;
/** Compressed lines of the index, so that writing them later needs no memory worth mentioning. */
const lines: Buffer[] = [];

function add(name: string, type: 'file' | 'directory', content = Buffer.alloc(0)): void {
  const bytes =
    type === 'file'
      ? entry(name, content)
      : encodeHead({ ...facts, path: Buffer.from(name), type, size: 0 });
  const line = {
    path: name,
    type,
    size: content.length,
    ...(type === 'file' && { sha256: sha256(content) }),
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: '0.000000000',
    frame: table.length,
    offset: frameBytes,
  };
  index.push(`${JSON.stringify(line)}\n`);
  frame.push(bytes);
  frameBytes += bytes.length;
  if (frameBytes >= 4 << 20) endFrame();
}

function endFrame(): void {
  if (frameBytes > 0) writeFrame(Buffer.concat(frame));
  const text = Buffer.from(index.join(''));
  digest.update(text);
  indexBytes += text.length;
  lines.push(compressFrame(text, 'zstd', 1));
  index.length = 0;
  frame = [];
  frameBytes = 0;
}

const manifestBytes = Buffer.from(JSON.stringify(manifest));
add('README.txt', 'file');
add('manifest.json', 'file', manifestBytes);
add('media/files', 'directory');
for (let number = 0; number < Number(count); number++)
  add(`media/files/${String(number).padStart(9, '0')}`, 'file');
endFrame();

const indexPlace = {
  frame: table.length,
  offset: 0,
  size: indexBytes,
  sha256: digest.digest('hex'),
  entries: Number(count) + 3,
};
writeFrame(
  encodeHead({ ...facts, path: Buffer.from('index.jsonl'), type: 'file', size: indexBytes }),
);
for (const each of lines) writeFrame(zstdDecompressSync(each));
const padding = paddedBytes(indexBytes) - indexBytes;
if (padding > 0) writeFrame(Buffer.alloc(padding));
const seal = Buffer.from(sealText(sealFor(sha256(manifestBytes), indexPlace)));
writeFrame(Buffer.concat([entry('seal.json', seal), Buffer.alloc(1024)]));
writeSync(fd, table.encodeSeekTable());
closeSync(fd);
