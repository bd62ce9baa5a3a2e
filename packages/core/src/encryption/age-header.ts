// The header of an age file, by the library `age-encryption`: text, stanzas, MAC. It has no functions for the header alone,
// but its interfaces for recipients and identities of one's own see what passes: see decision 0017.

import type { Recipient, Stanza } from 'age-encryption';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { readIdentities } from './age-identities.ts';
import { createPassphraseIdentity, createPassphraseRecipient } from './age-passphrase.ts';
import { assertRecipients, isPassphraseSet } from './age-recipients.ts';
import { payloadNonceBytes, tagBytes } from './age-stream.ts';
import { ageArmour, ageMagic, noPassphrase, type Encryption, type Keys } from './keys.ts';

/** The most that is written and read: room for a hundred recipients of the largest kind. */
export const headerLimitBytes = 256 * 1024;

export interface AgeHeader {
  readonly text: Buffer;
  readonly fileKey: Uint8Array;
}

/** Makes a header with a new file key. Throws `usage` for recipients that are none. */
export async function createAgeHeader(
  encryption: Pick<Encryption, 'recipients' | 'passphrase'>,
): Promise<AgeHeader> {
  const recipients = assertRecipients(encryption);
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw notARecipient(recipient, cause);
    }
  }
  if (isPassphraseSet(encryption))
    encrypter.addRecipient(createPassphraseRecipient(encryption.passphrase));
  let fileKey: Uint8Array | undefined;
  const witness: Recipient = {
    wrapFileKey(key) {
      fileKey = Uint8Array.from(key);
      return [];
    },
  };
  encrypter.addRecipient(witness);
  const empty = await encrypter.encrypt(new Uint8Array());
  const text = Buffer.from(empty.subarray(0, empty.length - payloadNonceBytes - tagBytes));
  if (fileKey === undefined || !text.equals(headerOf(text)))
    throw new Error('age-encryption made a file of another shape than version 1 of the format');
  if (text.length > headerLimitBytes)
    throw new DmsBackupError('usage', `${recipients.length} recipients are too many`);
  return { text, fileKey };
}

/** Every stanza of a header, without any key. Throws `archive-damaged`. */
export async function readStanzas(header: Buffer): Promise<readonly Stanza[]> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  let stanzas: readonly Stanza[] | undefined;
  decrypter.addIdentity({
    unwrapFileKey(all: readonly Stanza[]) {
      stanzas = all;
      return null;
    },
  });
  const cause: unknown = await decrypter.decryptHeader(header).catch((error: unknown) => error);
  if (stanzas === undefined) throw malformed(cause);
  return stanzas;
}

/** The file key of a header. Throws `wrong-key`, and `archive-damaged` when the header is not what was written. */
export async function openHeader(header: Buffer, keys: Keys): Promise<Uint8Array> {
  const stanzas = await readStanzas(header);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  if (stanzas.some(({ args }) => args[0] === 'scrypt')) {
    const passphrase = await keys.passphrase?.();
    if (passphrase === undefined || passphrase === '') throw noPassphrase();
    decrypter.addIdentity(createPassphraseIdentity(passphrase));
  } else {
    const identities = await readIdentities(keys.identities);
    if (identities.length === 0)
      throw new DmsBackupError(
        'wrong-key',
        `the archive is encrypted for ${stanzas.length === 1 ? 'an age key' : `${stanzas.length} age keys`}, and no identity was given`,
        { hint: 'Name the file with the secret key with --identity.' },
      );
    for (const identity of identities) decrypter.addIdentity(identity);
  }
  let isWrongKey = false;
  // asked last, when none of the others has the key
  decrypter.addIdentity({
    unwrapFileKey() {
      isWrongKey = true;
      return null;
    },
  });
  try {
    return await decrypter.decryptHeader(header);
  } catch (cause) {
    if (isDmsBackupError(cause)) throw cause;
    if (!isWrongKey) throw malformed(cause);
    throw new DmsBackupError(
      'wrong-key',
      'none of the given keys or passphrases opens the encrypted archive',
    );
  }
}

/** The bytes of the header at the start of a file. Throws `archive-damaged`. */
export function headerOf(start: Buffer): Buffer {
  if (start.subarray(0, ageArmour.length).equals(ageArmour))
    throw new DmsBackupError('not-an-archive', 'the encrypted archive is armoured (text)', {
      hint: 'Decrypt it with `age --decrypt`, then use the result; archives of dms-backup are never armoured.',
    });
  if (!start.subarray(0, ageMagic.length).equals(ageMagic))
    throw malformed(new Error('the first line is not that of age version 1'));
  // no stanza holds this: `-` is no letter of their alphabet
  const lastLine = start.indexOf('\n--- ') + 1;
  const end = lastLine === 0 ? 0 : start.indexOf('\n', lastLine) + 1;
  if (end === 0) throw malformed(new Error('the header has no end'));
  return start.subarray(0, end);
}

function malformed(cause: unknown): DmsBackupError {
  return new DmsBackupError(
    'archive-damaged',
    'the header of the encrypted archive is cut or damaged',
    { cause },
  );
}

function notARecipient(recipient: string, cause: unknown): DmsBackupError {
  return new DmsBackupError('usage', `'${recipient}' is no recipient of age`, {
    hint: 'A recipient is what `age-keygen` calls the public key: age1..., age1pq1..., age1tag1... or age1tagpq1...; those of plugins and SSH keys cannot be used.',
    cause,
  });
}
