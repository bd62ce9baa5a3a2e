// Heads of tar entries: one canonical form for the same facts, so that verify can rebuild a head from the index and compare
// bytes. Numbers, layout and checksum come from the `tar` package; names are raw bytes, which that package cannot carry.

import { Header } from 'tar/header';

export const blockBytes = 512;
/** An archive of ours ends with exactly two zero blocks. */
export const endOfArchiveBytes = 2 * blockBytes;

const nameFieldBytes = 100;
const nameOffset = 0;
const linkOffset = 157;
const checksumOffset = 148;

export type EntryType = 'file' | 'directory' | 'link';

/** Everything a head says. Names are bytes as on disk; a directory's path has no `/` at its end here. */
export interface EntryFacts {
  readonly path: Buffer;
  readonly type: EntryType;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds; the fraction is only in the index. */
  readonly mtimeSeconds: number;
  readonly link?: Buffer;
}

const tarTypes = { file: 'File', directory: 'Directory', link: 'SymbolicLink' } as const;
const none = Buffer.alloc(0);

/** Content bytes rounded up to whole blocks. */
export function paddedBytes(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

/** Bytes that {@link writeHead} needs: 512, or more when a name does not fit its field and a pax head comes before. */
export function headBytes(facts: Pick<EntryFacts, 'path' | 'type' | 'link'>): number {
  const pax = paxBody(facts);
  return pax.length === 0 ? blockBytes : 2 * blockBytes + paddedBytes(pax.length);
}

/** Writes the head at `offset` and returns its length. The target must have room; its old content does not matter. */
export function writeHead(target: Buffer, offset: number, facts: EntryFacts): number {
  const pax = paxBody(facts);
  let at = offset;
  if (pax.length > 0) {
    // mode, owner and time of the pax head say nothing; fixed values keep the form canonical
    writeBlock(
      target,
      at,
      'ExtendedHeader',
      { ...facts, size: pax.length, mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0 },
      [Buffer.from('PaxHeader'), none],
    );
    at += blockBytes;
    target.fill(0, at, at + paddedBytes(pax.length));
    pax.copy(target, at);
    at += paddedBytes(pax.length);
  }
  const path = storedPath(facts).subarray(0, nameFieldBytes);
  const link = (facts.link ?? none).subarray(0, nameFieldBytes);
  writeBlock(target, at, tarTypes[facts.type], facts, [path, link]);
  return at + blockBytes - offset;
}

/** The head as a buffer of its own. */
export function encodeHead(facts: EntryFacts): Buffer {
  const head = Buffer.alloc(headBytes(facts));
  writeHead(head, 0, facts);
  return head;
}

function storedPath(facts: Pick<EntryFacts, 'path' | 'type'>): Buffer {
  return facts.type === 'directory' ? Buffer.concat([facts.path, Buffer.from('/')]) : facts.path;
}

function paxBody(facts: Pick<EntryFacts, 'path' | 'type' | 'link'>): Buffer {
  const path = facts.type === 'directory' ? facts.path.length + 1 : facts.path.length;
  const records: Buffer[] = [];
  if (path > nameFieldBytes) records.push(paxRecord('path', storedPath(facts)));
  if (facts.link && facts.link.length > nameFieldBytes)
    records.push(paxRecord('linkpath', facts.link));
  return records.length === 0 ? none : Buffer.concat(records);
}

/** `<length> <key>=<value>\n`, where length counts the whole record including its own digits (POSIX pax). */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}

function writeBlock(
  target: Buffer,
  offset: number,
  type: 'ExtendedHeader' | (typeof tarTypes)[EntryType],
  facts: Omit<EntryFacts, 'path' | 'type' | 'link'>,
  [path, link]: readonly [Buffer, Buffer],
): void {
  target.fill(0, offset, offset + blockBytes);
  new Header({
    path: '',
    type,
    size: facts.size,
    mode: facts.mode,
    uid: facts.uid,
    gid: facts.gid,
    mtime: new Date(facts.mtimeSeconds * 1000),
    linkpath: '',
    uname: '',
    gname: '',
    devmaj: 0,
    devmin: 0,
  }).encode(target, offset);
  path.copy(target, offset + nameOffset);
  link.copy(target, offset + linkOffset);
  target.fill(0x20, offset + checksumOffset, offset + checksumOffset + 8);
  let sum = 0;
  for (let at = offset; at < offset + blockBytes; at++) sum += target[at]!;
  target.write(`${sum.toString(8).padStart(6, '0')}\0 `, offset + checksumOffset, 'latin1');
}
