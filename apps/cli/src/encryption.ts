// How a new archive is encrypted, made from the flags. Who names a recipient or a passphrase wants encryption: without --encrypt
// that is refused, never passed over.

import type { Encryption } from '@dms-backup/core';
import type { Values } from './arguments/flags.ts';
import type { Call } from './commands/command.ts';
import { assertKeys } from './keys.ts';
import { choosePassphrase, passphraseVariable } from './passphrase.ts';
import { readSmallFile, usefulLines } from './private-file.ts';
import { UsageError } from './usage-error.ts';

/** Refuses flags that contradict each other. */
export function assertEncryption(values: Values): void {
  const { encrypt, recipient, passphraseFile, passphraseCommand } = values;
  assertKeys(values);
  const hasPassphrase = passphraseFile !== undefined || passphraseCommand !== undefined;
  if (encrypt === undefined && (recipient !== undefined || hasPassphrase))
    throw new UsageError(
      'recipients and passphrases have no meaning without --encrypt',
      'Add --encrypt age, or --encrypt gpg.',
    );
  if (encrypt === 'age' && recipient !== undefined && hasPassphrase)
    throw new UsageError(
      'age encrypts for recipients or with a passphrase, not both',
      'Choose one; with recipients, the archive can be opened by several keys.',
    );
}

/** The encryption of the archive, or undefined for one in clear. Throws `UsageError` when there is nobody to encrypt for. */
export async function createEncryption(call: Call): Promise<Encryption | undefined> {
  const { values, output } = call;
  const { encrypt: method, passphraseFile, passphraseCommand } = values;
  if (method === undefined) {
    const set = passphraseVariable(call);
    if (set !== undefined)
      output.warn(`${set} is set, but without --encrypt the archive is in clear`);
    return undefined;
  }
  const words = values.recipient ?? [];
  const recipients = method === 'gpg' ? words : words.flatMap((word) => readRecipients(word, call));
  const wantsPassphrase =
    words.length === 0 || passphraseFile !== undefined || passphraseCommand !== undefined;
  if (!wantsPassphrase) return { method, recipients };
  const passphrase = await choosePassphrase(call);
  if (passphrase === undefined)
    throw new UsageError(
      `--encrypt ${method} needs a recipient or a passphrase`,
      'Give --recipient, --passphrase-file or --passphrase-command, or set DMS_BACKUP_PASSPHRASE.',
    );
  return { method, recipients, passphrase };
}

/** One recipient, or those in a file. Whether they are sound is for core to say. */
function readRecipients(word: string, call: Call): string[] {
  if (/^(?:age1|ssh-)/i.test(word)) return [word];
  const lines = usefulLines(
    readSmallFile(word, { what: 'file of recipients', isSecret: false }, call),
  );
  if (lines.length === 0) throw new UsageError(`the file of recipients '${word}' names nobody`);
  return lines;
}
