// `drill`: restores an archive for trial, checks what came back, and throws it away; exit 3 when it is not what it should be.

import { resolve } from 'node:path';
import type { DrillOptions, InspectResult } from '@dms-backup/core';
import { keyFlags, type Values } from '../arguments/flags.ts';
import { createArchiveOptions } from '../archive-options.ts';
import { assertKeys } from '../keys.ts';
import { assertFrom } from '../latest-archive.ts';
import { loadAdapter, loadAllAdapters, type LoadedAdapter } from '../load-adapter.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawDrill } from '../output/pages/drill-page.ts';
import { UsageError } from '../usage-error.ts';
import type { Call, Command } from './command.ts';

function check(values: Values, operands: readonly string[]): void {
  const archive = operands[0] ?? '';
  if (archive === '-')
    throw new UsageError(
      'a drill needs an archive with a name: it is that of the drill log',
      'Save the archive first, then name the file.',
    );
  assertFrom(values, operands);
  assertKeys(values);
}

/**
 * The adapter of --app, or the one that the archive names. What an archive says is not trusted with more than a choice among the
 * packages that are adapters by their name.
 */
async function findAdapter(call: Call, { app }: InspectResult['manifest']): Promise<LoadedAdapter> {
  const { values, surroundings } = call;
  const places = { workingDirectory: surroundings.workingDirectory };
  if (values.app !== undefined) return loadAdapter(values.app, places);
  const { loaded } = await loadAllAdapters(places);
  const byName = loaded.find(({ adapter }) => adapter.name === app.name);
  const found = byName ?? loaded.find(({ adapter }) => adapter.aliases.includes(app.name));
  if (found !== undefined) return found;
  const { DmsBackupError } = await import('@dms-backup/core');
  throw new DmsBackupError(
    'adapter-not-found',
    `the archive is of ${app.title}, and there is no adapter for '${app.name}'`,
    {
      hint: 'Name the adapter with --app: its path or the name of its package. `dms-backup apps` shows what is there.',
      context: { app: app.name },
    },
  );
}

async function run(call: Call): Promise<Outcome> {
  const { values, surroundings, output } = call;
  const { workingDirectory, environment, signal } = surroundings;
  const { drill, inspect, parseServerUrl } = await import('@dms-backup/core');
  const server = values.server === undefined ? undefined : parseServerUrl(values.server);
  const archiveOptions = await createArchiveOptions(call);
  const { archive, manifest } = await inspect(archiveOptions);
  const { adapter, adapterPackage } = await findAdapter(call, manifest);
  const passwordFile = values.databasePasswordFile;
  const options: DrillOptions = {
    adapter,
    adapterPackage,
    archive,
    keys: archiveOptions.keys,
    ...(server === undefined ? {} : { server }),
    ...(passwordFile === undefined
      ? {}
      : { databasePasswordFile: resolve(workingDirectory, passwordFile) }),
    environment,
    workingDirectory,
    ...(values.to === undefined ? {} : { to: resolve(workingDirectory, values.to) }),
    keep: values.keep ?? false,
    onEvent: output.onEvent,
    signal,
  };
  const result = await drill(options);
  return createOutcome(result, result.exitCode, { title: adapter.title }, drawDrill);
}

export const drillCommand: Command = {
  name: 'drill',
  summary: 'restore an archive for trial, check it, measure the time, throw it away',
  description:
    'Restores the archive into a scratch folder and a scratch database, checks every row and file as `check` does, opens a sample of documents, takes the time and throws everything away. No installation is touched or looked at. ARCHIVE.drill.jsonl gets one line: beside the archive, or in the current directory for one that lies elsewhere. Exit code 3: what came back has errors; 20: the archive is damaged.',
  operands: [{ name: 'ARCHIVE', text: 'path or URL of the archive, or `latest`', required: true }],
  flags: ['server', 'to', 'keep', 'from', ...keyFlags, 'app', 'databasePasswordFile'],
  examples: [
    'dms-backup drill /backup/paperless-3.0.5-20261121T031500Z.tar.zst',
    'dms-backup drill archive.tar.zst --server postgres://postgres@127.0.0.1:5432 --database-password-file /run/secrets/drill',
    "dms-backup drill archive.tar.zst --to /srv/scratch --json | tail -n 1 | jq '.restoreSeconds'",
  ],
  check,
  run,
};
