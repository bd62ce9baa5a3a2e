// The folder of the project, where its version, its repository and its fixtures are looked for. Not guessed: it is the folder of
// manage.py or of the env file that the user named, or the working directory if manage.py is there.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProjectFlags } from './options.ts';
import type { ProjectSource } from './configuration-files.ts';

export function findProjectDirectory(
  { manage }: Pick<ProjectFlags, 'manage'>,
  sources: readonly ProjectSource[],
  workingDirectory: string,
): string | null {
  if (manage !== null) return dirname(manage);
  const named = sources.find(({ isFile }) => isFile)?.directory;
  if (named !== undefined) return named;
  return existsSync(join(workingDirectory, 'manage.py')) ? workingDirectory : null;
}
