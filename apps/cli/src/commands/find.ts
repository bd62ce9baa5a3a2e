// `find`: which documents an archive has, by words; each is shown as it is found.

import type { FindOptions } from '@dms-backup/core';
import { keyFlags } from '../arguments/flags.ts';
import { assertArchive, createArchiveOptions } from '../archive-options.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawFind, foundLines } from '../output/pages/find-page.ts';
import { makePrintable } from '../output/printable.ts';
import type { Call, Command } from './command.ts';

async function run(call: Call): Promise<Outcome> {
  const { operands, values, output } = call;
  const { find } = await import('@dms-backup/core');
  const options: FindOptions = {
    ...(await createArchiveOptions(call)),
    words: operands.slice(1),
    files: values.files ?? false,
    onFound: (found) => output.item(found, (paint) => foundLines(makePrintable(found), paint)),
  };
  const result = await find(options);
  return createOutcome(result, result.exitCode, { files: options.files }, drawFind);
}

export const findCommand: Command = {
  name: 'find',
  summary: 'documents in an archive, by words in title, tags, correspondent, folder, date',
  description:
    'Lists the documents that have all the words, in any field; upper case and accents make no difference. A word may name its field: title:, tag:, correspondent:, owner:, type:, folder:, id:, created: (2024, 2024-03, 2024-01..2024-06). Without words all are listed. Reads the index and the catalogue of the archive, not the files in it.',
  operands: [
    {
      name: 'ARCHIVE',
      text: 'path or URL of the archive, - for stdin, or `latest`',
      required: true,
    },
    {
      name: 'WORDS',
      text: 'what must be there; quotes make one of several',
      required: false,
      many: true,
    },
  ],
  flags: ['files', 'from', ...keyFlags, 'app'],
  examples: [
    'dms-backup find archive.tar.zst invoice acme',
    'dms-backup find archive.tar.zst tag:tax created:2024-01..2024-06',
    'dms-backup find --files archive.tar.zst originals .eml',
    'dms-backup find --json archive.tar.zst tag:tax | jq -r \'select(.type == "document") | .id\'',
  ],
  check: assertArchive,
  run,
};
