// Where the media root is, and whether it survives the container: the quick-start examples of the project mount no volume there,
// and documents in the layer of a container go with it.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Root } from '@dms-backup/core';
import {
  confName,
  findFirst,
  type Container,
  type PapermergeSource,
} from './configuration-source.ts';

type Directory = Pick<Root, 'directory' | 'source'>;

export interface MediaQuestion {
  /** Value of --media. */
  readonly flag: string | undefined;
  readonly sources: readonly PapermergeSource[];
  readonly container: Container | null;
  readonly workingDirectory: string;
  readonly warnings: string[];
}

const names = ['PM_MEDIA_ROOT', 'PAPERMERGE__MAIN__MEDIA_ROOT', confName('MEDIA_DIR')];

/** Flag, then the first setting, then what the image or the product's own tree uses. Null: not found. */
export function locateMedia(question: MediaQuestion): Directory | null {
  const { flag, sources, container, workingDirectory, warnings } = question;
  const found = findFirst(sources, names);
  const around = sources.find(({ kind }) => kind === 'container');
  const written = found?.value ?? (around === undefined ? undefined : container?.media);
  const from = found?.from ?? around;
  const host = written === undefined ? undefined : from?.hostPath(written);
  const isLost = host !== undefined && 'problem' in host;
  if (isLost && from?.compose && host.problem.includes('mounts nothing there')) {
    warnings.push(
      `${host.problem}: the documents are in the layer of the container and are lost when it is made anew; mount a volume at '${written}'`,
    );
  }
  if (flag !== undefined) return { directory: resolve(workingDirectory, flag), source: '--media' };
  if (isLost) {
    warnings.push(`${host.problem}; name the media directory with --media`);
    return null;
  }
  if (host !== undefined) {
    const source = found?.source ?? `default of ${around?.name}`;
    return { directory: host.path, source: host.how === null ? source : `${source} (${host.how})` };
  }
  warnAboutUnclear(sources, warnings);
  return besideFile(sources);
}

function warnAboutUnclear(sources: readonly PapermergeSource[], warnings: string[]): void {
  const file = sources.find(({ unclear }) => unclear.has('MEDIA_DIR'));
  if (file === undefined) return;
  warnings.push(
    `MEDIA_DIR in ${file.name} is computed or conditional, and the file is never executed: state --media`,
  );
}

/** `media` in the project's directory, where the file usually lies. A directory that is not there is not believed. */
function besideFile(sources: readonly PapermergeSource[]): Directory | null {
  for (const { directory, name, unclear } of sources) {
    if (directory === null || unclear.has('MEDIA_DIR')) continue;
    const media = join(directory, 'media');
    if (existsSync(media)) return { directory: media, source: `default of ${name}` };
  }
  return null;
}
