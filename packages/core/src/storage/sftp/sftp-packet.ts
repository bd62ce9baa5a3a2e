// The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), as far as we use them, and the extensions of OpenSSH that its
// file PROTOCOL describes. What a server sends is hostile: every length is checked against the packet it is in.

import { DmsBackupError } from '../../errors.ts';

/** Numbers of packets. */
export const packetType = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  stat: 17,
  rename: 18,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extended: 200,
  extendedReply: 201,
} as const;

/** Flags of `open`. */
export const openFlag = { read: 0x01, write: 0x02, create: 0x08, exclusive: 0x20 } as const;

const statusNames = [
  'OK',
  'EOF',
  'NO_SUCH_FILE',
  'PERMISSION_DENIED',
  'FAILURE',
  'BAD_MESSAGE',
  'NO_CONNECTION',
  'CONNECTION_LOST',
  'OP_UNSUPPORTED',
] as const;

export type SftpStatus = (typeof statusNames)[number];

/** Longest packet that is accepted; OpenSSH's own limit (SFTP_MAX_MSG_LENGTH in sftp-common.h) is the same. */
export const longestPacketBytes = 256 * 1024;

export interface SftpAttributes {
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly modifiedAt: Date | null;
}

/** A field of a request: a 32-bit number, a 64-bit number, or bytes with their length before them. */
export type Field = number | bigint | string | Uint8Array;

/** The body of a request after its number. */
export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      if (typeof field === 'number') return uint32(field);
      if (typeof field === 'bigint') {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(field);
        return bytes;
      }
      const bytes = Buffer.from(field);
      return Buffer.concat([uint32(bytes.length), bytes]);
    }),
  );
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Reads the fields of an answer one after the other. Throws `server-unreachable` where they do not fit into it. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(): number {
    return this.#take(4).readUInt32BE();
  }

  /** A size or a position; numbers beyond 2^53 are refused. */
  size(): number {
    const value = this.#take(8).readBigUInt64BE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw notSftp();
    return Number(value);
  }

  bytes(): Buffer {
    return this.#take(this.number());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  status(): SftpStatus {
    return statusNames[this.number()] ?? 'FAILURE';
  }

  attributes(): SftpAttributes {
    const flags = this.number();
    const sizeBytes = flags & 0x01 ? this.size() : 0;
    if (flags & 0x02) this.#take(8);
    const kind = flags & 0x04 ? this.number() & 0o170000 : 0;
    const times = flags & 0x08 ? this.#take(8) : undefined;
    if (flags & 0x8000_0000) {
      for (let left = this.number(); left > 0; left--) {
        this.bytes();
        this.bytes();
      }
    }
    return {
      sizeBytes,
      isDirectory: kind === 0o040000,
      // servers that tell no kind list files only
      isFile: kind === 0o100000 || kind === 0,
      modifiedAt: times ? new Date(times.readUInt32BE(4) * 1000) : null,
    };
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw notSftp();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** What answers is not an SFTP server, or a broken one. */
export function notSftp(): DmsBackupError {
  return new DmsBackupError('server-unreachable', 'the server answers something else than SFTP', {
    hint: 'The login shell there must print nothing for sessions without a terminal; try `sftp HOST` by hand.',
    context: { lasting: true },
  });
}

/** A refusal as an error that `systemErrorCode` reads, such as `SFTP_NO_SUCH_FILE`. */
export function statusError(status: SftpStatus): Error {
  return Object.assign(new Error(`SFTP status ${status}`), { code: `SFTP_${status}` });
}
