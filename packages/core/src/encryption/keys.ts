// What encrypts an archive and what opens it again, and how an encrypted file is told from its first bytes. Keys and
// passphrases come from the caller: core reads neither files nor variables for them, and shows none of them.

import { DmsBackupError } from '../errors.ts';

/** How a new archive is encrypted. age: recipients or a passphrase; gpg: recipients, a passphrase, or both. */
export interface Encryption {
  readonly method: 'age' | 'gpg';
  /** age: `age1...`; gpg: whatever `gpg --recipient` takes, e.g. a fingerprint. */
  readonly recipients: readonly string[];
  readonly passphrase?: string;
}

/** What may open an archive. gpg has its secret keys itself. */
export interface Keys {
  /** Texts of age identity files: one `AGE-SECRET-KEY-...` per line, and comments. */
  readonly identities: readonly string[];
  /** Asked only when one is needed, perhaps more than once; undefined: there is none. */
  readonly passphrase?: () => Promise<string | undefined>;
}

/** What is asked for and not there. */
export function noPassphrase(): DmsBackupError {
  return new DmsBackupError(
    'wrong-key',
    'the archive is encrypted with a passphrase, and none was given',
  );
}

export const ageMagic = Buffer.from('age-encryption.org/v1\n');
export const ageArmour = Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----');
const gpgArmour = Buffer.from('-----BEGIN PGP MESSAGE-----');

/** Bytes that {@link encryptionOf} wants to see. */
export const encryptionMagicBytes = 40;

/** By the first bytes of a file; undefined for one that is not encrypted, or not by age or OpenPGP. */
export function encryptionOf(firstBytes: Uint8Array): Encryption['method'] | undefined {
  const bytes = Buffer.from(firstBytes.buffer, firstBytes.byteOffset, firstBytes.byteLength);
  if (startsWith(bytes, ageMagic) || startsWith(bytes, ageArmour)) return 'age';
  if (startsWith(bytes, gpgArmour) || sessionKeyPacket(bytes) !== undefined) return 'gpg';
  return undefined;
}

/** True when the first thing that an OpenPGP file wants is a passphrase: gpg writes the packets of keys before those of passphrases. */
export function asksForPassphrase(firstBytes: Uint8Array): boolean {
  return sessionKeyPacket(Buffer.from(firstBytes)) === 'passphrase';
}

/**
 * An encrypted OpenPGP message begins with a packet that holds the session key for a public key (tag 1) or a passphrase (tag 3):
 * RFC 9580, sections 4.2, 5.1 and 5.3. The version behind the length is looked at, too: one byte alone would be too little to
 * go by.
 */
function sessionKeyPacket(bytes: Buffer): 'key' | 'passphrase' | undefined {
  const [first, length] = bytes;
  if (first === undefined || length === undefined || first < 0x80) return undefined;
  const isNewFormat = (first & 0x40) !== 0;
  const tag = isNewFormat ? first & 0x3f : (first >> 2) & 0x0f;
  const version = bytes[isNewFormat ? newLengthEnd(length) : oldLengthEnd(first)];
  if (tag === 1 && (version === 3 || version === 6)) return 'key';
  if (tag === 3 && (version === 4 || version === 5 || version === 6)) return 'passphrase';
  return undefined;
}

function newLengthEnd(length: number): number {
  if (length < 192) return 2;
  return length < 224 ? 3 : 6;
}

/** Lengths of one, two and four bytes. */
function oldLengthEnd(first: number): number {
  return [2, 3, 5][first & 0x03] ?? -1;
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.subarray(0, start.length).equals(start);
}
