// The passphrase of an age file: one stanza `scrypt` (https://c2sp.org/age, "scrypt recipient stanza"), as the interfaces
// of the library want it. Not its own class, which computes scrypt in JavaScript: that would stop everything else for
// seconds and keep its 256 MiB until the next garbage collection. Node's scrypt runs beside and gives them back.

import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Identity, Recipient, Stanza } from 'age-encryption';
import { DmsBackupError } from '../errors.ts';

/** As the age program: 256 MiB of memory, and about a second. */
const workFactor = 18;
/** More than 1 GiB is not asked for by any program, but by a file that wants to stop us. */
const highestWorkFactor = 20;

const saltBytes = 16;
const fileKeyBytes = 16;
const tagBytes = 16;
const label = 'age-encryption.org/v1/scrypt';
/** The key is used once. */
const zeroNonce = Buffer.alloc(12);
const cipherName = 'chacha20-poly1305';

/** Wraps the file key with a passphrase. It must be the only recipient of a file. */
export function createPassphraseRecipient(passphrase: string): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(saltBytes);
      const key = await stretch(passphrase, salt, workFactor);
      const cipher = createCipheriv(cipherName, key, zeroNonce, { authTagLength: tagBytes });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [{ args: ['scrypt', unpadded(salt), String(workFactor)], body }];
    },
  };
}

/** Finds the file key with a passphrase; null for a wrong one. Throws `archive-damaged` for a stanza that age does not write. */
export function createPassphraseIdentity(passphrase: string): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const [stanza] = stanzas;
      if (stanza === undefined || stanza.args[0] !== 'scrypt' || stanzas.length !== 1)
        throw malformed('it must be alone');
      const { salt, factor } = readStanza(stanza);
      const key = await stretch(passphrase, salt, factor);
      const decipher = createDecipheriv(cipherName, key, zeroNonce, { authTagLength: tagBytes });
      const fileKey = decipher.update(stanza.body.subarray(0, fileKeyBytes));
      decipher.setAuthTag(stanza.body.subarray(fileKeyBytes));
      try {
        decipher.final();
      } catch {
        return null;
      }
      return fileKey;
    },
  };
}

function readStanza({ args, body }: Stanza): { salt: Buffer; factor: number } {
  const [, saltText = '', factorText = '', ...more] = args;
  const salt = Buffer.from(saltText, 'base64');
  if (more.length > 0 || salt.length !== saltBytes || unpadded(salt) !== saltText)
    throw malformed('its salt is no salt');
  if (!/^[1-9][0-9]?$/.test(factorText)) throw malformed('its work factor is no number');
  const factor = Number(factorText);
  if (factor > highestWorkFactor)
    throw malformed(`it asks for work factor ${factor}, and ${highestWorkFactor} is the most`);
  if (body.length !== fileKeyBytes + tagBytes) throw malformed('its key has a wrong length');
  return { salt, factor };
}

function malformed(why: string): DmsBackupError {
  return new DmsBackupError(
    'archive-damaged',
    `cannot read the passphrase stanza of the encrypted archive: ${why}`,
  );
}

function stretch(passphrase: string, salt: Buffer, factor: number): Promise<Buffer> {
  const [cost, blockSize] = [2 ** factor, 8];
  // what is needed (RFC 7914), and a little for the sums beside
  const maxmem = 128 * blockSize * cost + 1024 * 1024;
  const labelled = Buffer.concat([Buffer.from(label), salt]);
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase,
      labelled,
      32,
      { cost, blockSize, parallelization: 1, maxmem },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
