// `verify`: proves an archive; exit 20 when it cannot.

import { keyFlags } from '../arguments/flags.ts';
import { assertArchive, createArchiveOptions } from '../archive-options.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawVerify } from '../output/pages/verify-page.ts';
import type { Call, Command } from './command.ts';

async function run(call: Call): Promise<Outcome> {
  const { verify } = await import('@dms-backup/core');
  const result = await verify({
    ...(await createArchiveOptions(call)),
    quick: call.values.quick ?? false,
  });
  return createOutcome(result, result.exitCode, {}, drawVerify);
}

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'prove an archive: structure, hashes, completeness',
  description:
    'Reads the archive and proves structure, every hash and the completeness of the documents. Needs neither the application nor its database. Exit code 20: do not rely on this file.',
  operands: [
    {
      name: 'ARCHIVE',
      text: 'path or URL of the archive, - for stdin, or `latest`',
      required: true,
    },
  ],
  flags: ['quick', 'from', ...keyFlags, 'app'],
  examples: [
    'dms-backup verify /backup/paperless-3.0.5-20261121T031500Z.tar.zst',
    'dms-backup verify latest --from /backup --app paperless',
    'dms-backup verify --quick --json archive.tar.zst',
    'ssh nas "cat paperless.tar.zst" | dms-backup verify -',
  ],
  check: assertArchive,
  run,
};
