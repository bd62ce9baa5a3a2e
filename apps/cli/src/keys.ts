// What opens an encrypted archive, made from the flags: identity files are read now, a passphrase is looked for when it is needed.

import type { Keys } from '@dms-backup/core';
import type { Values } from './arguments/flags.ts';
import type { Call } from './commands/command.ts';
import { assertOnePassphrase, findPassphrase } from './passphrase.ts';
import { readSmallFile } from './private-file.ts';
import { UsageError } from './usage-error.ts';

const secretKey = /^AGE-(?:SECRET-KEY|PLUGIN)-/i;

/** Refuses flags that contradict each other, and a secret key as a word. */
export function assertKeys(values: Values): void {
  assertOnePassphrase(values);
  if (
    [...(values.identity ?? []), ...(values.recipient ?? [])].some((word) => secretKey.test(word))
  )
    throw new UsageError(
      'a secret key of age is in the command line, where others can see it',
      'Put it into a file that only you can read, and name the file with --identity. Better still, make a new key.',
    );
}

/** The keys of a call. The passphrase is asked for once, however often it is wanted. */
export function createKeys(call: Call): Keys {
  let passphrase: Promise<string | undefined> | undefined;
  return {
    identities: (call.values.identity ?? []).map((path) =>
      readSmallFile(path, { what: 'identity file', isSecret: true }, call),
    ),
    passphrase: () => (passphrase ??= findPassphrase(call)),
  };
}
