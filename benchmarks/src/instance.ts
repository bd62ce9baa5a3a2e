// A paperless-ngx instance to measure with: how it is made, and the command lines of the program for it.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Filling } from './filling.ts';
import { measure } from './measure.ts';
import type { Command } from './measure.ts';
import type { WorkPlace } from './work-place.ts';

export interface Instance {
  readonly directory: string;
  readonly media: string;
  readonly database: string;
  readonly configuration: string;
}

/** Its rows and files are of 3.x: SHA-256 checksums, write-ahead log. */
export const sampleVersion = '3.0.5';
export const fixtures = fileURLToPath(new URL('../../test-fixtures', import.meta.url));
const builder = fileURLToPath(new URL('build-instance.ts', import.meta.url));
/** Runs in the folder of the fixtures, where the package knows itself by name. */
const sampleScript = `import { buildPaperlessInstance } from '@dms-backup/test-fixtures';
buildPaperlessInstance(process.argv[1], { appVersion: '${sampleVersion}', documents: Number(process.argv[2]) });`;

/** The sample of the fixtures with so many documents (about 2.6 small files each). Made in a process of its own. */
export async function sampleInstance(
  place: WorkPlace,
  name: string,
  documents: number,
): Promise<Instance> {
  const directory = join(place.data, name);
  const words = [process.execPath, '--input-type=module', '--eval', sampleScript];
  await measure(
    {
      script: '"$@"',
      words: [...words, '--', directory, String(documents)],
      directory: fixtures,
    },
    place,
  );
  return {
    directory,
    media: join(directory, 'media'),
    database: join(directory, 'data', 'db.sqlite3'),
    configuration: join(directory, 'config', 'paperless.conf'),
  };
}

/** The smallest sample, filled. What was written is on disk when this returns, so that no measurement waits for it. */
export async function filledInstance(
  place: WorkPlace,
  name: string,
  filling: Filling,
): Promise<Instance> {
  const instance = await sampleInstance(place, name, 5);
  const words = [process.execPath, builder, instance.directory, JSON.stringify(filling)];
  await measure({ script: '"$@" && sync', words }, place);
  return instance;
}

/** `dms-backup WORDS` with the Node.js that runs this. */
export function programCommand(program: string, ...words: readonly string[]): Command {
  return { script: '"$@"', words: [process.execPath, program, ...words, '--quiet'] };
}

export function backupWords(instance: Pick<Instance, 'configuration'>, archive: string): string[] {
  return ['backup', '--app', 'paperless', '--config', instance.configuration, archive];
}

/** @param database URL; without it, a SQLite file in the target. */
export function restoreWords(archive: string, target: string, database?: string): string[] {
  const [data, media] = [join(target, 'data'), join(target, 'media')];
  const url = database ?? `sqlite://${join(data, 'db.sqlite3')}`;
  const places = ['--database', url, '--media', media, '--data', data];
  return ['restore', archive, '--app', 'paperless', ...places, '--yes'];
}

/** An empty place to restore into. */
export async function emptyTarget(target: string): Promise<void> {
  await discard(target);
  for (const name of ['data', 'media']) await mkdir(join(target, name), { recursive: true });
}

/** Removes files and directories. Not synchronously: there may be hundreds of thousands, and Ctrl-C must be heard. */
export async function discard(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { recursive: true, force: true });
}
