// What is refused before an age file is made: a secret key where a public one is meant, kinds that cannot be together, and
// kinds that the library does not know and for which there is better advice.

import { DmsBackupError } from '../errors.ts';
import type { Encryption } from './keys.ts';

type Given = Pick<Encryption, 'recipients' | 'passphrase'>;

export function isPassphraseSet(given: Given): given is Given & { passphrase: string } {
  return given.passphrase !== undefined;
}

/** The recipients, each once. Throws `usage`; a secret key is never shown. */
export function assertRecipients(given: Given): readonly string[] {
  const recipients = [...new Set(given.recipients)];
  if (isPassphraseSet(given)) {
    if (given.passphrase === '') throw new DmsBackupError('usage', 'the passphrase is empty');
    if (recipients.length > 0)
      throw new DmsBackupError(
        'usage',
        'an age archive is for recipients or for a passphrase, not for both',
      );
  } else if (recipients.length === 0) {
    throw new DmsBackupError(
      'usage',
      'an age archive needs recipients or a passphrase, and none was given',
    );
  }
  for (const recipient of recipients) assertPublic(recipient);
  const strong = recipients.filter((recipient) => /^age1(?:pq|tagpq)1/.test(recipient));
  if (strong.length > 0 && strong.length < recipients.length)
    throw new DmsBackupError(
      'usage',
      'recipients with and without protection against quantum computers cannot be mixed',
      {
        hint: 'The weakest recipient decides: use age1pq1... and age1tagpq1... for all, or for none.',
      },
    );
  return recipients;
}

function assertPublic(recipient: string): void {
  if (/SECRET-KEY|PRIVATE KEY|AGE-PLUGIN/i.test(recipient))
    throw new DmsBackupError('usage', 'a secret key was given where a recipient is meant', {
      hint: 'Give the public key (age1...); `age-keygen -y FILE` shows it. If the secret key was visible to others, make a new one.',
    });
  if (recipient.startsWith('ssh-'))
    throw new DmsBackupError('usage', 'an SSH key cannot be a recipient of an archive', {
      hint: 'Make an age key with `age-keygen -o FILE` and give its public key (age1...).',
    });
}
