// `check`: looks whether every row of the live instance has its file and checksum; exit 3 when not.

import { instanceFlags } from '../arguments/flags.ts';
import { assertApp, createInstanceOptions } from '../instance.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawCheck } from '../output/pages/check-page.ts';
import type { Call, Command } from './command.ts';

async function run(call: Call): Promise<Outcome> {
  const instance = await createInstanceOptions(call);
  const { check } = await import('@dms-backup/core');
  const result = await check(instance);
  return createOutcome(result, result.exitCode, { title: instance.adapter.title }, drawCheck);
}

export const checkCommand: Command = {
  name: 'check',
  summary: 'the live instance: every row has its file and its checksum',
  description:
    'Compares the database of the live instance with its files and changes nothing. Exit code 3: a document is incomplete, or a file does not have the checksum that the application recorded.',
  operands: [],
  flags: instanceFlags,
  examples: [
    'dms-backup check --app paperless',
    'dms-backup check --app paperless --json | tail -n 1',
    'dms-backup check --app paperless --database "postgres://paperless@db.example/paperless?sslmode=verify-full"',
  ],
  check: assertApp,
  run,
};
