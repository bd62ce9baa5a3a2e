// What rclone is asked, one function for each of its commands that we use (rclone 1.60 and newer). The configuration, its
// password and its secrets are the user's; rclone finds them itself.

import { DmsBackupError } from '../../errors.ts';
import { programError } from '../program-error.ts';
import {
  askProgram,
  startProgram,
  type ProgramCall,
  type ProgramEnd,
  type RunningProgram,
} from '../program.ts';
import type { RclonePlace } from '../place.ts';
import type { StorageContext, StoredFile } from '../storage.ts';
import { z } from 'zod';

/** Codes of "Exit code" in rclone's documentation. */
const directoryNotFound = 3;
const fileNotFound = 4;

const longestListBytes = 64 * 1024 * 1024;

const EntrySchema = z.object({
  Name: z.string(),
  /** -1 where the remote does not tell. */
  Size: z.number().int(),
  ModTime: z.string().optional(),
  IsDir: z.boolean(),
});

export interface Rclone {
  /** The place and a name, for messages. */
  shown(name: string): string;
  /** Throws `archive-not-found` for a directory that is not there. */
  list(): Promise<StoredFile[]>;
  /** The file, or undefined. */
  find(name: string, signal?: AbortSignal): Promise<StoredFile | undefined>;
  read(name: string, position: number, lengthBytes: number, signal?: AbortSignal): Promise<Buffer>;
  /** Takes a file from stdin. It has its name while it is not yet whole. */
  startUpload(name: string): RunningProgram;
  /** Does nothing, without an error, when there is a file of the new name. */
  move(from: string, to: string, signal?: AbortSignal): Promise<void>;
  remove(name: string): Promise<void>;
  failure(
    tried: string,
    end: ProgramEnd,
    otherwise: 'destination-unwritable' | 'source-unreadable',
  ): DmsBackupError;
}

export function createRclone(place: RclonePlace, context: StorageContext): Rclone {
  const separator = /[:/]$/.test(place.remote) ? '' : '/';
  const fileOf = (name: string): string => `${place.remote}${separator}${name}`;
  const shown = (name: string): string => `rclone:${fileOf(name)}`;

  function call(words: readonly string[]): ProgramCall {
    const always = [
      '--quiet',
      '--ask-password=false',
      '--retries=1',
      '--contimeout=20s',
      '--timeout=60s',
      // an upload cannot be begun again; the default of 10 lets a question to a server that is gone take many minutes
      ...(words[0] === 'rcat' ? [] : ['--low-level-retries=3']),
    ];
    return {
      command: 'rclone',
      // no remote begins with a dash: see parsePlace
      arguments: [words[0]!, ...always, ...words.slice(1)],
      environment: context.environment,
      workingDirectory: context.workingDirectory,
    };
  }

  const failure: Rclone['failure'] = (tried, end, otherwise) => {
    if (/didn't find section in config file/i.test(end.said))
      return new DmsBackupError('usage', `${tried}: rclone knows no such remote`, {
        hint: '`rclone listremotes` shows the remotes of this user; RCLONE_CONFIG names another configuration.',
      });
    if (/unable to decrypt configuration|--ask-password is false/i.test(end.said))
      return new DmsBackupError(
        'storage-denied',
        `${tried}: the configuration of rclone is encrypted`,
        {
          hint: 'Set RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND.',
        },
      );
    const error = programError(tried, call(['']), end, otherwise);
    if (
      error.code === 'source-unreadable' &&
      (end.exitCode === directoryNotFound || end.exitCode === fileNotFound)
    )
      return new DmsBackupError('archive-not-found', `${tried}: rclone finds nothing there`);
    return error;
  };

  async function ask(
    tried: string,
    words: readonly string[],
    otherwise: 'destination-unwritable' | 'source-unreadable',
    signal = context.signal,
  ): Promise<Buffer> {
    const end = await askProgram(call(words), longestListBytes, signal);
    if (end.exitCode !== 0) throw failure(tried, end, otherwise);
    return end.stdout;
  }

  function parse<T>(schema: z.ZodType<T>, output: Buffer): T {
    try {
      return schema.parse(JSON.parse(output.toString('utf8')));
    } catch (cause) {
      throw new DmsBackupError(
        'source-unreadable',
        `cannot understand how rclone lists '${place.remote}'`,
        { cause },
      );
    }
  }

  return {
    shown,
    failure,
    async list() {
      const tried = `cannot list 'rclone:${place.remote}'`;
      const output = await ask(
        tried,
        ['lsjson', '--files-only', place.remote],
        'source-unreadable',
      );
      return parse(z.array(EntrySchema), output).map(storedFile);
    },
    async find(name, signal) {
      const tried = `cannot look for '${shown(name)}'`;
      try {
        const output = await ask(
          tried,
          ['lsjson', '--stat', fileOf(name)],
          'source-unreadable',
          signal,
        );
        const entry = parse(EntrySchema.nullable(), output);
        return entry === null || entry.IsDir ? undefined : storedFile({ ...entry, Name: name });
      } catch (error) {
        if (error instanceof DmsBackupError && error.code === 'archive-not-found') return undefined;
        throw error;
      }
    },
    async read(name, position, lengthBytes, signal) {
      const range = [`--offset=${position}`, `--count=${lengthBytes}`];
      const end = await askProgram(call(['cat', ...range, fileOf(name)]), lengthBytes, signal);
      if (end.exitCode !== 0)
        throw failure(`cannot read '${shown(name)}'`, end, 'source-unreadable');
      return end.stdout;
    },
    startUpload: (name) => startProgram(call(['rcat', fileOf(name)]), ['pipe', 'ignore', 'pipe']),
    async move(from, to, signal) {
      const words = ['moveto', '--ignore-existing', fileOf(from), fileOf(to)];
      await ask(`cannot give '${shown(to)}' its name`, words, 'destination-unwritable', signal);
    },
    async remove(name) {
      await ask(
        `cannot remove '${shown(name)}'`,
        ['deletefile', fileOf(name)],
        'destination-unwritable',
      );
    },
  };
}

function storedFile({ Name, Size, ModTime }: z.infer<typeof EntrySchema>): StoredFile {
  const modifiedAt = new Date(ModTime ?? NaN);
  return {
    name: Name,
    sizeBytes: Size,
    modifiedAt: Number.isNaN(modifiedAt.getTime()) ? null : modifiedAt,
  };
}
