// `backup`: makes an archive. Its path is the only line on stdout; the summary goes to stderr.

import type { BackupOptions, Compression } from '@dms-backup/core';
import { instanceFlags, type Values } from '../arguments/flags.ts';
import { assertEncryption, createEncryption } from '../encryption.ts';
import { assertApp, createInstanceOptions, locationWords } from '../instance.ts';
import { createKeys } from '../keys.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawBackup } from '../output/pages/backup-page.ts';
import { printable } from '../output/printable.ts';
import { assertParts, chooseParts } from '../parts.ts';
import { UsageError } from '../usage-error.ts';
import type { Call, Command } from './command.ts';

const highestLevel: Readonly<Record<Compression, number>> = { zstd: 19, gzip: 9, none: 0 };

function assertLevel(values: Values): void {
  const { level, compression = 'zstd' } = values;
  if (level === undefined) return;
  const highest = highestLevel[compression];
  if (highest === 0) throw new UsageError('--level has no meaning with --compression none');
  if (level < 1 || level > highest)
    throw new UsageError(
      `--level ${level} does not exist for ${compression}`,
      `It goes from 1 to ${highest}.`,
    );
}

function check(values: Values, operands: readonly string[]): void {
  assertApp(values);
  assertParts(values);
  assertLevel(values);
  assertEncryption(values);
  const [destination] = operands;
  if (destination === '-' && values.filename !== undefined)
    throw new UsageError('--filename has no meaning when the archive goes to stdout');
  if (values.identity !== undefined && values.alarmRemoved === undefined)
    throw new UsageError(
      '--identity has no meaning for a backup without --alarm-removed',
      'An archive is encrypted for a --recipient; the secret key opens it again.',
    );
  if (values.alarmRemoved !== undefined && (destination === '-' || values.dryRun === true))
    throw new UsageError(
      '--alarm-removed has nothing to compare without an archive in a directory',
      'It looks for the last archive of the instance beside the new one.',
    );
}

async function run(call: Call): Promise<Outcome> {
  const { values, operands, surroundings, output } = call;
  const { stdout } = surroundings;
  const [destination] = operands;
  if (destination === '-' && stdout.isTTY === true && !values.dryRun) {
    throw new UsageError(
      'the archive would go to the terminal',
      'Redirect stdout to a file or a program, or name a destination.',
    );
  }
  const { backup, defaultCompression } = await import('@dms-backup/core');
  const instance = await createInstanceOptions(call);
  const encryption = await createEncryption(call);
  const options: BackupOptions = {
    ...instance,
    ...(destination === undefined ? {} : { destination }),
    ...(values.filename === undefined ? {} : { filename: values.filename }),
    compression: values.compression ?? defaultCompression(destination),
    ...(values.level === undefined ? {} : { level: values.level }),
    ...(encryption === undefined ? {} : { encryption }),
    parts: chooseParts(values),
    excludeClasses: values.excludeClass ?? [],
    dryRun: values.dryRun ?? false,
    lockTimeoutMs: values.lockTimeout ?? 0,
    ...(values.alarmRemoved === undefined
      ? {}
      : { alarmRemoved: values.alarmRemoved, keys: createKeys(call) }),
    ...(destination === '-' ? { stdout } : {}),
  };
  const result = await backup(options);
  output.settle();
  // Scripts need the path byte for byte; a terminal must not get control characters.
  const path = result.path !== null && stdout.isTTY === true ? printable(result.path) : result.path;
  const { title } = instance.adapter;
  const outcome = createOutcome(
    result,
    result.exitCode,
    { title, location: locationWords(values) },
    drawBackup,
  );
  return {
    ...outcome,
    page: (context) => ({ ...outcome.page(context), stdout: path === null ? [] : [path] }),
  };
}

export const backupCommand: Command = {
  name: 'backup',
  summary: 'make an archive of a running instance and prove it complete',
  description:
    'Makes one archive of database, media and application version of one instant, while the application runs. Prints the path of the archive on stdout. Exit code 3: the archive is written, but some source data is missing, damaged or unreadable, or with --alarm-removed, too many documents are gone since the last archive of the instance beside it; the summary names it.',
  operands: [
    {
      name: 'DESTINATION',
      text: 'a directory, a file name, the URL of a storage, or - for stdout (then --json goes to stderr); default: where the application keeps its backups, else the current directory',
      required: false,
    },
  ],
  flags: [
    'filename',
    'compression',
    'level',
    'only',
    'skipMedia',
    'skipDatabase',
    'excludeClass',
    'encrypt',
    'recipient',
    'passphraseFile',
    'passphraseCommand',
    'dryRun',
    'lockTimeout',
    'alarmRemoved',
    'identity',
    ...instanceFlags,
  ],
  examples: [
    'dms-backup --app paperless /backup',
    'dms-backup backup --app paperless --config /etc/paperless.conf --quiet /backup',
    'dms-backup --app paperless --alarm-removed 5% /backup',
    "dms-backup --app paperless --filename '{app}-%Y%m%d' --compression zstd --level 9 /backup",
    'dms-backup --app paperless --database postgres://paperless@127.0.0.1/paperless --media /srv/paperless/media /backup',
    'dms-backup --app paperless --encrypt age --recipient age1... /backup',
    'dms-backup --app paperless --encrypt age --recipient age1... s3://bucket/backups',
    'dms-backup --app paperless - | ssh nas "cat > paperless.tar.zst"',
  ],
  check,
  run,
};
