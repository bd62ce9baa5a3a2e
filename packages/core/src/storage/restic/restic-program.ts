// What restic is asked, one function for each of its commands that we use (restic 0.14 and newer). The password comes from
// the user's own variables; restic never asks for it, and it is never among the arguments.

import { z } from 'zod';
import { DmsBackupError } from '../../errors.ts';
import type { ResticPlace } from '../place.ts';
import { programError } from '../program-error.ts';
import {
  askProgram,
  startProgram,
  type ProgramCall,
  type ProgramEnd,
  type RunningProgram,
} from '../program.ts';
import type { StorageContext } from '../storage.ts';

/** Snapshots with this tag are archives; others in the repository are not looked at. */
export const archiveTag = 'dms-backup';

const longestListBytes = 256 * 1024 * 1024;

const SnapshotSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.string(),
  paths: z.array(z.string()),
  /** Since restic 0.17. */
  summary: z.object({ total_bytes_processed: z.number().int().nonnegative() }).optional(),
});

const NodeSchema = z.object({
  path: z.string(),
  type: z.literal('file'),
  size: z.number().int().nonnegative().default(0),
});

export interface ResticSnapshot {
  readonly id: string;
  /** Of the one file in it. */
  readonly name: string;
  readonly madeAt: Date;
  readonly sizeBytes: number | undefined;
}

type Otherwise = 'destination-unwritable' | 'source-unreadable';

export interface Restic {
  /** Snapshots of archives, oldest first. */
  snapshots(signal?: AbortSignal): Promise<ResticSnapshot[]>;
  sizeOf(snapshot: ResticSnapshot, signal?: AbortSignal): Promise<number>;
  /** The file comes on stdout. */
  startDump(snapshot: ResticSnapshot): RunningProgram;
  /** Takes the file on stdin. When stdin ends, restic makes a snapshot of what came: see `unless-finished.ts`. */
  startBackup(name: string): RunningProgram;
  forget(id: string): Promise<void>;
  failure(tried: string, end: ProgramEnd, otherwise: Otherwise): DmsBackupError;
}

/** Throws `storage-denied` where no password is set: restic would look for it in the archive. */
export function createRestic(
  place: ResticPlace & { readonly url: string },
  context: StorageContext,
): Restic {
  const environment: Record<string, string | undefined> = {
    RESTIC_PROGRESS_FPS: '0.02',
    ...context.environment,
    ...(place.repository !== undefined && {
      RESTIC_REPOSITORY: place.repository,
      RESTIC_REPOSITORY_FILE: undefined,
    }),
  };
  if (!environment['RESTIC_REPOSITORY'] && !environment['RESTIC_REPOSITORY_FILE'])
    throw new DmsBackupError('usage', 'the restic repository is missing', {
      hint: 'Write restic:REPOSITORY, or set RESTIC_REPOSITORY or RESTIC_REPOSITORY_FILE.',
    });
  if (
    !['RESTIC_PASSWORD', 'RESTIC_PASSWORD_FILE', 'RESTIC_PASSWORD_COMMAND'].some(
      (name) => environment[name],
    )
  )
    throw new DmsBackupError('storage-denied', `there is no password for '${place.url}'`, {
      hint: 'Set RESTIC_PASSWORD_FILE, RESTIC_PASSWORD_COMMAND or RESTIC_PASSWORD.',
    });

  const call = (words: readonly string[]): ProgramCall => ({
    command: 'restic',
    arguments: words,
    environment,
    workingDirectory: context.workingDirectory,
  });

  const failure: Restic['failure'] = (tried, end, otherwise) => {
    const { said, exitCode } = end;
    const because = (
      code: 'storage-denied' | 'locked' | 'archive-not-found' | Otherwise,
      why: string,
      hint: string,
    ) => new DmsBackupError(code, `${tried}: ${why}`, { hint, context: { exitCode } });
    // codes since restic 0.17; older ones tell in words only
    if (exitCode === 12 || /wrong password|no key found/i.test(said))
      return because(
        'storage-denied',
        'the password of the repository is wrong',
        'Check RESTIC_PASSWORD_FILE, RESTIC_PASSWORD_COMMAND or RESTIC_PASSWORD.',
      );
    if (exitCode === 11 || /already locked|unable to create lock/i.test(said))
      return because(
        'locked',
        'the repository is locked',
        'Wait until the other run of restic has ended; after a crash run `restic unlock`.',
      );
    if (exitCode === 10 || /is there a repository at|repository does not exist/i.test(said)) {
      const code = otherwise === 'source-unreadable' ? 'archive-not-found' : otherwise;
      return because(
        code,
        'there is no repository',
        'Check the name, or make the repository with `restic init`.',
      );
    }
    return programError(tried, call([]), end, otherwise);
  };

  async function ask(
    tried: string,
    words: readonly string[],
    otherwise: Otherwise,
    signal = context.signal,
  ) {
    const end = await askProgram(call(words), longestListBytes, signal);
    if (end.exitCode !== 0) throw failure(tried, end, otherwise);
    return end.stdout.toString('utf8');
  }

  return {
    failure,
    async snapshots(signal) {
      const tried = `cannot list '${place.url}'`;
      const words = ['snapshots', '--json', '--tag', archiveTag];
      const output = await ask(tried, words, 'source-unreadable', signal);
      return parse(z.array(SnapshotSchema), output, tried)
        .filter(({ paths }) => paths.length === 1)
        .map(({ id, time, paths, summary }) => ({
          id,
          name: paths[0]!.replace(/^\//, ''),
          madeAt: new Date(time),
          sizeBytes: summary?.total_bytes_processed,
        }))
        .toSorted((one, other) => one.madeAt.getTime() - other.madeAt.getTime());
    },
    async sizeOf(snapshot, signal) {
      if (snapshot.sizeBytes !== undefined) return snapshot.sizeBytes;
      const tried = `cannot look into snapshot ${snapshot.id.slice(0, 8)} of '${place.url}'`;
      const output = await ask(tried, ['ls', '--json', snapshot.id], 'source-unreadable', signal);
      // the first line is the snapshot, the others are what is in it
      const line = output.split('\n').find((text) => text.includes('"type":"file"')) ?? '';
      return parse(NodeSchema, line, tried).size;
    },
    startDump: ({ id, name }) =>
      startProgram(call(['dump', id, `/${name}`]), ['ignore', 'pipe', 'pipe']),
    startBackup: (name) =>
      startProgram(
        call(['backup', '--stdin', '--stdin-filename', name, '--tag', archiveTag, '--json']),
        ['pipe', 'pipe', 'pipe'],
      ),
    async forget(id) {
      const tried = `cannot forget snapshot ${id.slice(0, 8)} of '${place.url}'`;
      await ask(tried, ['forget', id], 'destination-unwritable');
    },
  };
}

function parse<T>(schema: z.ZodType<T>, text: string, tried: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DmsBackupError('source-unreadable', `${tried}: restic answers something unknown`, {
      cause,
    });
  }
}
