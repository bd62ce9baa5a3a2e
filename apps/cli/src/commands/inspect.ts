// `inspect`: says what an archive is, without reading all of it.

import { keyFlags } from '../arguments/flags.ts';
import { assertArchive, createArchiveOptions } from '../archive-options.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawInspect } from '../output/pages/inspect-page.ts';
import type { Call, Command } from './command.ts';

async function run(call: Call): Promise<Outcome> {
  const { inspectLocked } = await import('@dms-backup/core');
  const result = await inspectLocked(await createArchiveOptions(call));
  return createOutcome(result, 0, {}, drawInspect);
}

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'what an archive is: application, version, date, counts, proof, what is not in it',
  description:
    'Shows what the archive says of itself. It is not a proof that the file is sound: that is `verify`.',
  operands: [
    {
      name: 'ARCHIVE',
      text: 'path or URL of the archive, - for stdin, or `latest`',
      required: true,
    },
  ],
  flags: ['from', ...keyFlags, 'app'],
  examples: [
    'dms-backup inspect archive.tar.zst',
    "dms-backup inspect --json archive.tar.zst | tail -n 1 | jq '.excluded'",
  ],
  check: assertArchive,
  run,
};
