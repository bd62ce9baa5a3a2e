// The class of every path below the roots. Nobody can know the folders of a project, so all is kept but what looks temporary.

import type { Instance, PathRule } from '@dms-backup/core';
import { hasFileColumns } from './file-columns.ts';

const temporary: PathRule = {
  class: 'ephemeral',
  keep: false,
  reason: 'temporary file: its name begins with a dot or ends with a tilde',
};

/** Member `classify` of the adapter. Folders are always entered. */
export function classify(root: string, path: string, instance: Instance): PathRule {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name.startsWith('.') || name.endsWith('~')) return temporary;
  const kept = { class: 'essential', keep: true } as const;
  // Only where rows could name a file is one that no row names worth a word.
  const isMedia = root === 'media' || root.startsWith('storage');
  return isMedia && hasFileColumns(instance) ? kept : { ...kept, standalone: true };
}
