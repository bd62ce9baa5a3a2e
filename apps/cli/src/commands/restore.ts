// `restore`: plan, question, all or nothing. The question is asked only where somebody can answer it; elsewhere --yes is
// the answer, and without it core refuses to replace anything (`target-not-empty`).

import type { RestoreOptions } from '@dms-backup/core';
import { instanceFlags, keyFlags, type Values } from '../arguments/flags.ts';
import { assertApp, createInstanceOptions, locationWords } from '../instance.ts';
import { assertKeys, createKeys } from '../keys.ts';
import { assertFrom, findLatestArchive } from '../latest-archive.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawRestore, planLines } from '../output/pages/restore-page.ts';
import { createPaint, wantsColours } from '../output/paint.ts';
import { makePrintable } from '../output/printable.ts';
import { askYesNo, canAsk } from '../output/question.ts';
import { assertParts, chooseParts } from '../parts.ts';
import { UsageError } from '../usage-error.ts';
import type { Call, Command } from './command.ts';

function check(values: Values, operands: readonly string[]): void {
  assertApp(values);
  assertParts(values);
  assertKeys(values);
  assertFrom(values, operands);
  if (values.only === 'database' && values.mediaStrategy !== undefined)
    throw new UsageError('--media-strategy has no meaning with --only database');
}

/** The answer to the question whether to replace, or undefined when nobody can be asked. */
function createConfirm(call: Call, archive: string): RestoreOptions['confirm'] {
  const { values, surroundings, output } = call;
  if (values.yes) {
    return async (plan) => {
      output.note((paint) => [...planLines(makePrintable(plan), paint, false), '']);
      return true;
    };
  }
  if (values.json || archive === '-' || !canAsk(surroundings)) return undefined;
  return async (plan) => {
    output.settle();
    // Not a note: --quiet must not hide what the question is about.
    const paint = createPaint(wantsColours(surroundings.stderr, surroundings.environment));
    const lines = planLines(makePrintable(plan), paint, false);
    return askYesNo(`${lines.join('\n')}\nReplace?`, surroundings);
  };
}

async function run(call: Call): Promise<Outcome> {
  const { values, operands, surroundings, output } = call;
  const instance = await createInstanceOptions(call);
  const keys = createKeys(call);
  const word = operands[0] ?? '';
  const { name, title } = instance.adapter;
  const archive =
    word === 'latest'
      ? await findLatestArchive(
          values.from ?? '.',
          { title, names: [name] },
          { ...surroundings, keys },
          output,
        )
      : word;
  const confirm = createConfirm(call, archive);
  const options: RestoreOptions = {
    ...instance,
    archive,
    keys,
    ...(archive === '-' ? { stdin: surroundings.stdin } : {}),
    parts: chooseParts(values),
    mediaStrategy: values.mediaStrategy ?? 'replace',
    planOnly: values.plan ?? false,
    lockTimeoutMs: values.lockTimeout ?? 0,
    ...(confirm === undefined ? {} : { confirm }),
    keepUndo: values.undo ?? true,
    readBack: values.verify ?? true,
    acceptUnknownVersion: values.acceptUnknownVersion ?? false,
    ...(values.repair && { repairs: values.repair }),
  };
  const { restore } = await import('@dms-backup/core');
  const result = await restore(options);
  const extra = { title, location: locationWords(values) };
  return createOutcome(result, result.exitCode, extra, drawRestore);
}

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'plan, confirm, restore all or nothing; the former state is kept for undo',
  description:
    'Restores an archive into the instance that the flags name. Nothing changes until everything is loaded and proved; then the target is switched at once. What was there is kept for `undo`. Stop the application first. A --database or --media that differs from the source is a move.',
  operands: [
    {
      name: 'ARCHIVE',
      text: 'path of the archive, - for stdin, or `latest` (see --from; a file of that name is ./latest)',
      required: true,
    },
  ],
  flags: [
    'plan',
    'yes',
    'only',
    'skipMedia',
    'skipDatabase',
    'mediaStrategy',
    'undo',
    'acceptUnknownVersion',
    'verify',
    'repair',
    'from',
    'lockTimeout',
    ...keyFlags,
    ...instanceFlags,
  ],
  examples: [
    'dms-backup restore archive.tar.zst --app paperless --plan',
    'dms-backup restore latest --from /backup --app paperless',
    'dms-backup restore archive.tar.zst --app paperless --yes --json',
    'dms-backup restore archive.tar.zst --app paperless --database sqlite:///srv/new/db.sqlite3 --media /srv/new/media',
    'dms-backup restore archive.tar.zst --app paperless --database postgres://paperless@db/paperless --media /srv/new/media',
  ],
  check,
  run,
};
