// `extract`: single documents or files out of an archive; nothing is overwritten.

import type { ExtractOptions } from '@dms-backup/core';
import { keyFlags, type Values } from '../arguments/flags.ts';
import { assertArchive, createArchiveOptions } from '../archive-options.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawExtract } from '../output/pages/extract-page.ts';
import { UsageError } from '../usage-error.ts';
import type { Call, Command } from './command.ts';

function check(values: Values, operands: readonly string[]): void {
  assertArchive(values, operands);
  const documents = values.document ?? [];
  if (operands.length < 2 && documents.length === 0)
    throw new UsageError(
      'it is not said what to extract',
      'Name paths of the archive, or documents with --document; `dms-backup find` shows both.',
    );
  if (values.allVersions && documents.length === 0)
    throw new UsageError('--all-versions needs --document');
}

async function run(call: Call): Promise<Outcome> {
  const { operands, values, surroundings } = call;
  const { extract } = await import('@dms-backup/core');
  const to = values.to ?? '.';
  const options: ExtractOptions = {
    ...(await createArchiveOptions(call)),
    paths: operands.slice(1),
    documents: values.document ?? [],
    allVersions: values.allVersions ?? false,
    to,
    ...(to === '-' ? { stdout: surroundings.stdout } : {}),
  };
  const result = await extract(options);
  return createOutcome(result, result.exitCode, {}, drawExtract);
}

export const extractCommand: Command = {
  name: 'extract',
  summary: 'single documents, files or directories out of an archive',
  description:
    'Takes documents out by their ids, under their titles, or files and directories by their paths in the archive. Each file is proved by its hash before it gets its name; nothing is overwritten, and when something is wrong nothing is written. Links below tree/ stand for the files they lead to. Files belong to the user who runs it. Exit code 3: the archive lacks some of the files; 10: it has nothing of that name.',
  operands: [
    {
      name: 'ARCHIVE',
      text: 'path or URL of the archive, - for stdin, or `latest`',
      required: true,
    },
    {
      name: 'PATH',
      text: 'a file or directory in it, e.g. media/media/documents/originals',
      required: false,
      many: true,
    },
  ],
  flags: ['document', 'allVersions', 'to', 'from', ...keyFlags, 'app'],
  flagTexts: {
    to: 'directory for the files (default: the current one), or - for stdout, which takes one file',
  },
  examples: [
    'dms-backup extract archive.tar.zst --document 4711 --to /tmp/found',
    'dms-backup extract archive.tar.zst tree/anna/Contracts',
    'dms-backup extract archive.tar.zst database/schema.json --to - | jq .tables',
  ],
  check,
  run,
};
