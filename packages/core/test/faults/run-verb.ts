// A process of its own for one verb, so that it can be killed. Its words are one JSON text; what came of it is one on stdout.

import { backup } from '../../src/backup.ts';
import { isDmsBackupError } from '../../src/errors.ts';
import { restore } from '../../src/restore.ts';
import { undo } from '../../src/undo.ts';
import { optionsOf } from './box.ts';
import type { Box } from './box.ts';

export interface VerbOrder {
  readonly verb: 'backup' | 'restore' | 'undo';
  readonly box: Box;
  /** What a restore reads, or a backup writes. */
  readonly archive: string;
}

/** Null when it was done. */
export type Outcome = {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
} | null;

/** Runs it in this process. Anything but an error of ours is the code `bug`. */
export async function runVerb({ verb, box, archive }: VerbOrder): Promise<Outcome> {
  const options = optionsOf(box);
  const parts = ['database', 'media'] as const;
  const confirm = async () => true;
  try {
    if (verb === 'undo') await undo({ ...options, confirm });
    else if (verb === 'backup') {
      const rest = {
        destination: archive,
        compression: 'zstd',
        excludeClasses: [],
        dryRun: false,
      } as const;
      await backup({ ...options, ...rest, parts });
    } else {
      const rest = { mediaStrategy: 'replace', planOnly: false, keepUndo: true } as const;
      await restore({ ...options, ...rest, archive, parts, confirm, acceptUnknownVersion: false });
    }
    return null;
  } catch (error) {
    if (isDmsBackupError(error))
      return { code: error.code, message: error.message, hint: error.hint };
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { code: 'bug', message: text, hint: '' };
  }
}

if (process.argv[1] === import.meta.filename) {
  const outcome = await runVerb(JSON.parse(process.argv[2]!) as VerbOrder);
  process.stdout.write(JSON.stringify(outcome));
}
