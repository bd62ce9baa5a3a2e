// `undo`: puts back what the last restore replaced.

import type { UndoOptions } from '@dms-backup/core';
import { instanceFlags } from '../arguments/flags.ts';
import { assertApp, createInstanceOptions } from '../instance.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawUndo } from '../output/pages/undo-page.ts';
import { printable } from '../output/printable.ts';
import { askYesNo, canAsk } from '../output/question.ts';
import type { Call, Command } from './command.ts';

function createConfirm({ values, surroundings, output }: Call): UndoOptions['confirm'] {
  if (values.yes) {
    return async (text) => {
      output.note(() => [printable(text)]);
      return true;
    };
  }
  if (values.json || !canAsk(surroundings)) return undefined;
  return async (text) => {
    output.settle();
    return askYesNo(`This would ${printable(text)}.\nGo on?`, surroundings);
  };
}

async function run(call: Call): Promise<Outcome> {
  const instance = await createInstanceOptions(call);
  const confirm = createConfirm(call);
  const { undo } = await import('@dms-backup/core');
  const result = await undo({
    ...instance,
    lockTimeoutMs: call.values.lockTimeout ?? 0,
    ...(confirm === undefined ? {} : { confirm }),
  });
  return createOutcome(result, result.exitCode, {}, drawUndo);
}

export const undoCommand: Command = {
  name: 'undo',
  summary: 'put back what the last restore replaced',
  description:
    'Puts the instance back into the state before the last restore. Stop the application first.',
  operands: [],
  flags: ['yes', 'lockTimeout', ...instanceFlags],
  examples: ['dms-backup undo --app paperless', 'dms-backup undo --app paperless --yes --json'],
  check: assertApp,
  run,
};
