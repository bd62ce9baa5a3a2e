// The requests of SFTP that we need, each as one function. Refusals of the server are thrown as errors with the code
// `SFTP_...`; the callers know what they mean.

import type { SftpSession } from './sftp-session.ts';
import {
  notSftp,
  packetType,
  statusError,
  type Field,
  type FieldReader,
  type SftpAttributes,
} from './sftp-packet.ts';

export type SftpHandle = Buffer;

export interface SftpEntry {
  readonly name: string;
  readonly attributes: SftpAttributes;
}

/** A directory with more files than this is not one of archives: a server that lists without end is stopped. */
const mostEntries = 100_000;

async function ask(
  session: SftpSession,
  wanted: number,
  type: number,
  fields: readonly Field[],
  data?: Uint8Array,
): Promise<FieldReader> {
  const answer = await session.request(type, fields, data);
  if (answer.type === wanted && wanted !== packetType.status) return answer.fields;
  if (answer.type !== packetType.status) throw notSftp();
  const status = answer.fields.status();
  if (status !== 'OK') throw statusError(status);
  if (wanted !== packetType.status) throw notSftp();
  return answer.fields;
}

export async function openFile(
  session: SftpSession,
  path: string,
  flags: number,
): Promise<SftpHandle> {
  // the last two fields: permissions follow, and they are 0600
  const fields = [path, flags, 0x04, 0o600];
  return (await ask(session, packetType.handle, packetType.open, fields)).bytes();
}

export async function closeFile(session: SftpSession, handle: SftpHandle): Promise<void> {
  await ask(session, packetType.status, packetType.close, [handle]);
}

/** Some bytes from the position, at most `lengthBytes`; empty at the end of the file. */
export async function readFile(
  session: SftpSession,
  handle: SftpHandle,
  position: number,
  lengthBytes: number,
): Promise<Buffer> {
  try {
    const fields = [handle, BigInt(position), lengthBytes];
    const bytes = (await ask(session, packetType.data, packetType.read, fields)).bytes();
    if (bytes.length === 0 || bytes.length > lengthBytes) throw notSftp();
    return bytes;
  } catch (error) {
    if (isStatus(error, 'EOF')) return Buffer.alloc(0);
    throw error;
  }
}

export async function writeFile(
  session: SftpSession,
  handle: SftpHandle,
  position: number,
  bytes: Uint8Array,
): Promise<void> {
  await ask(session, packetType.status, packetType.write, [handle, BigInt(position)], bytes);
}

export async function handleAttributes(
  session: SftpSession,
  handle: SftpHandle,
): Promise<SftpAttributes> {
  return (await ask(session, packetType.attributes, packetType.fstat, [handle])).attributes();
}

/** Follows links, or tells of the link itself; undefined when there is nothing. */
export async function pathAttributes(
  session: SftpSession,
  path: string,
  request: 'stat' | 'lstat',
): Promise<SftpAttributes | undefined> {
  try {
    return (await ask(session, packetType.attributes, packetType[request], [path])).attributes();
  } catch (error) {
    if (isStatus(error, 'NO_SUCH_FILE')) return undefined;
    throw error;
  }
}

/** What is in a directory, as far as its names are text. */
export async function listDirectory(session: SftpSession, path: string): Promise<SftpEntry[]> {
  const handle = (await ask(session, packetType.handle, packetType.opendir, [path])).bytes();
  const entries: SftpEntry[] = [];
  try {
    for (;;) {
      const fields = await ask(session, packetType.name, packetType.readdir, [handle]);
      for (let left = fields.number(); left > 0; left--) {
        const name = fields.text();
        fields.bytes();
        entries.push({ name, attributes: fields.attributes() });
        if (entries.length > mostEntries) throw notSftp();
      }
    }
  } catch (error) {
    if (!isStatus(error, 'EOF')) throw error;
  }
  await closeFile(session, handle);
  return entries;
}

export async function makeDirectory(session: SftpSession, path: string): Promise<void> {
  await ask(session, packetType.status, packetType.mkdir, [path, 0]);
}

export async function removeFile(session: SftpSession, path: string): Promise<void> {
  await ask(session, packetType.status, packetType.remove, [path]);
}

/** Version 3: must fail when there is something at the new path; not every server obeys. */
export async function renameFile(session: SftpSession, from: string, to: string): Promise<void> {
  await ask(session, packetType.status, packetType.rename, [from, to]);
}

/** Extensions of OpenSSH that only succeed or fail. */
export async function askExtension(
  session: SftpSession,
  name: 'fsync@openssh.com' | 'hardlink@openssh.com',
  fields: readonly Field[],
): Promise<void> {
  await ask(session, packetType.status, packetType.extended, [name, ...fields]);
}

/** Free bytes for this user at a path, or undefined where the server does not tell. */
export async function freeBytes(session: SftpSession, path: string): Promise<number | undefined> {
  const name = 'statvfs@openssh.com';
  if (!session.extensions.has(name)) return undefined;
  const fields = await ask(session, packetType.extendedReply, packetType.extended, [name, path]);
  fields.size();
  const fragmentBytes = fields.size();
  fields.size();
  fields.size();
  return fragmentBytes * fields.size();
}

/** True for one refusal of the server. */
export function isStatus(error: unknown, status: string): boolean {
  return error instanceof Error && 'code' in error && error.code === `SFTP_${status}`;
}
