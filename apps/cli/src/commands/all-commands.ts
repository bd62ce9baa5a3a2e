// The verbs of this release, in the order of the help text. The files are light: core is loaded when a verb runs.

import { appsCommand } from './apps.ts';
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { drillCommand } from './drill.ts';
import { extractCommand } from './extract.ts';
import { findCommand } from './find.ts';
import { inspectCommand } from './inspect.ts';
import { listCommand } from './list.ts';
import { pruneCommand } from './prune.ts';
import { restoreCommand } from './restore.ts';
import { undoCommand } from './undo.ts';
import { verifyCommand } from './verify.ts';

export const allCommands: readonly Command[] = [
  backupCommand,
  verifyCommand,
  inspectCommand,
  restoreCommand,
  undoCommand,
  listCommand,
  pruneCommand,
  findCommand,
  extractCommand,
  checkCommand,
  diffCommand,
  drillCommand,
  doctorCommand,
  appsCommand,
];
