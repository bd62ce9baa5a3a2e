// `list`: what archives a directory holds.

import { applicationOf } from '../application.ts';
import { keyFlags } from '../arguments/flags.ts';
import { assertKeys, createKeys } from '../keys.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawList } from '../output/pages/list-page.ts';
import type { Call, Command } from './command.ts';

async function run(call: Call): Promise<Outcome> {
  const { operands, surroundings, output } = call;
  const { stdout, workingDirectory, environment, signal } = surroundings;
  const application = await applicationOf(call);
  const { list } = await import('@dms-backup/core');
  const result = await list({
    destination: operands[0] ?? '.',
    workingDirectory,
    environment,
    keys: createKeys(call),
    ...(application === undefined ? {} : { apps: application.names }),
    onEvent: output.onEvent,
    signal,
  });
  const width = stdout.isTTY === true ? (stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  return createOutcome(result, result.exitCode, { width }, drawList);
}

export const listCommand: Command = {
  name: 'list',
  summary: 'the archives in a directory, newest first',
  description:
    'Lists the archives in a directory with application, version, time, size and documents, as their seals tell. Names and file times do not matter. Files that are damaged or unfinished are named; others are left out. It is no proof that the content is sound: that is `verify`.',
  operands: [
    {
      name: 'DESTINATION',
      text: 'a directory with archives, or the URL of a storage',
      required: true,
    },
  ],
  flags: ['app', ...keyFlags],
  examples: [
    'dms-backup list /backup',
    'dms-backup list /backup --app paperless',
    'dms-backup list s3://bucket/backups --identity /root/backup-key.txt',
    "dms-backup list /backup --json | tail -n 1 | jq -r '.archives[0].path'",
  ],
  check: assertKeys,
  run,
};
