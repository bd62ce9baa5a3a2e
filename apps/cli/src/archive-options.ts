// The part of the options that all verbs on a single archive share.

import type { ArchiveOptions, Keys } from '@dms-backup/core';
import type { Values } from './arguments/flags.ts';
import { applicationOf } from './application.ts';
import type { Call } from './commands/command.ts';
import { assertKeys, createKeys } from './keys.ts';
import { assertFrom, findLatestArchive } from './latest-archive.ts';
import { UsageError } from './usage-error.ts';

/** `-` is stdin, `latest` the newest archive in the directory of --from. Throws `archive-not-found`. */
export async function createArchiveOptions(
  call: Call,
): Promise<ArchiveOptions & { readonly keys: Keys }> {
  const { operands, surroundings, output } = call;
  const keys = createKeys(call);
  const archive = await findArchive(operands[0] ?? '', call, keys);
  return {
    archive,
    workingDirectory: surroundings.workingDirectory,
    ...(archive === '-' ? { stdin: surroundings.stdin } : {}),
    environment: surroundings.environment,
    keys,
    onEvent: output.onEvent,
    signal: surroundings.signal,
  };
}

/** The word itself, or what `latest` means now: of --app, or of all applications. */
export async function findArchive(word: string, call: Call, keys: Keys): Promise<string> {
  if (word !== 'latest') return word;
  const { values, surroundings, output } = call;
  const application = await applicationOf(call);
  return findLatestArchive(values.from ?? '.', application, { ...surroundings, keys }, output);
}

/** For verbs that need nothing but the archive: there --app only says whose `latest` is meant. */
export function assertArchive(values: Values, operands: readonly string[]): void {
  assertFrom(values, operands);
  assertKeys(values);
  if (values.app !== undefined && operands[0] !== 'latest')
    throw new UsageError('--app goes with the archive `latest` only', 'Leave --app out.');
}
