// What `undo` put back.

import type { UndoResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';

export function drawUndo(result: UndoResult, { stdout: paint }: PageContext): Page {
  return { stdout: [`${paint.good('done:')} ${result.text}`], stderr: [] };
}
