// The part of the options that all verbs on a single archive share.

import type { ArchiveOptions } from '@dms-backup/core';
import type { Call } from './commands/command.ts';

/** `-` is stdin. */
export function createArchiveOptions(call: Call): ArchiveOptions {
  const { operands, surroundings, output } = call;
  const archive = operands[0] ?? '';
  return {
    archive,
    workingDirectory: surroundings.workingDirectory,
    ...(archive === '-' ? { stdin: surroundings.stdin } : {}),
    onEvent: output.onEvent,
    signal: surroundings.signal,
  };
}
