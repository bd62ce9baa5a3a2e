// The texts of identity files, as `age-keygen` writes them: one secret key per line, comments and empty lines. Messages
// name the place, never what is there.

import type { Identity } from 'age-encryption';
import { DmsBackupError } from '../errors.ts';
import { encryptionOf } from './keys.ts';

/** The secret keys in the texts, checked one by one. Throws `usage`. */
export async function readIdentities(texts: readonly string[]): Promise<(string | Identity)[]> {
  const { Decrypter } = await import('age-encryption');
  return texts.flatMap((text, index) => {
    const file = `identity file ${index + 1}`;
    if (encryptionOf(Buffer.from(text)) !== undefined)
      throw unusable(
        `${file} is encrypted itself`,
        'Decrypt it first (`age --decrypt`), for example to a file in memory, and name the result.',
      );
    if (/^-----BEGIN .*PRIVATE KEY-----/m.test(text))
      throw unusable(
        `${file} is an SSH key`,
        'SSH keys cannot be used here. An archive for one can be decrypted by hand: `age --decrypt -i FILE`.',
      );
    const lines = text.split(/\r?\n/).map((line, at) => ({ line: line.trim(), number: at + 1 }));
    const secrets = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
    if (secrets.length === 0)
      throw unusable(`${file} holds no key`, 'Its lines begin with AGE-SECRET-KEY-.');
    return secrets.map(({ line, number }) => {
      if (line.startsWith('AGE-PLUGIN-'))
        throw unusable(
          `${file} names a plugin of the age program (line ${number})`,
          'Plugins cannot be used here. Decrypt the archive by hand: `age --decrypt -i FILE`.',
        );
      try {
        new Decrypter().addIdentity(line);
      } catch {
        // no cause: it could quote the key
        throw unusable(
          `${file} holds something else than a secret key of age (line ${number})`,
          'Its lines begin with AGE-SECRET-KEY-, as `age-keygen` writes them.',
        );
      }
      return line;
    });
  });
}

function unusable(message: string, hint: string): DmsBackupError {
  return new DmsBackupError('usage', message, { hint });
}
