// Where a backup writes its archive to: a file, standard output or a storage, and encrypted on the way if that is wanted.

import { mkdirSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type { Instance, Root } from '../adapter.ts';
import {
  archiveFileName,
  archivePath,
  assertGivenName,
  isFileName,
} from '../archive/archive-name.ts';
import type { NameFacts, Packing } from '../archive/archive-name.ts';
import { createAgeSink } from '../encryption/age-sink.ts';
import { createGpgSink } from '../encryption/gpg-sink.ts';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import type { Lock } from '../io/lock.ts';
import { createFileSink, createNullSink, createStreamSink, writeError } from '../io/sink.ts';
import type { Sink } from '../io/sink.ts';
import { archiveAt } from '../storage/archive-at.ts';
import { openStorage } from '../storage/open-storage.ts';
import { parsePlace } from '../storage/place.ts';
import type { Place } from '../storage/place.ts';
import type { BackupOptions, Compression } from '../verb.ts';
import { lockDestination } from './lock-destination.ts';

export interface BackupOutput {
  readonly sink: Sink;
  /** Absolute path or URL; null for stdout and dry runs. */
  readonly path: string | null;
  /** Bytes that have gone there so far, as they are stored. */
  readonly storedBytes: () => number;
  readonly warnings: readonly string[];
  /** Ends locks and connections; the sink must be committed or discarded before. */
  readonly close: () => Promise<void>;
}

/** What of the instance counts here. */
export interface OutputInstance extends Pick<Instance, 'destination' | 'archiveName'> {
  readonly roots: readonly Root[];
}

/** What a storage makes the most of: restic finds equal parts only in what is not compressed. */
export function defaultCompression(destination: string | undefined): Compression {
  if (destination === undefined || destination === '-') return 'zstd';
  return parsePlace(destination).kind === 'restic' ? 'none' : 'zstd';
}

/**
 * Opens the output of a backup. Throws `usage`, `destination-exists`, `destination-unwritable`, `no-space`, `locked`,
 * `encryption-failed`, and what opening a storage throws; nothing is left behind then.
 */
export async function openBackupOutput(
  options: BackupOptions,
  instance: OutputInstance,
  facts: NameFacts,
): Promise<BackupOutput> {
  const bottom = await openPlace(options, instance, facts);
  const { sink: counted, storedBytes } = counting(bottom.sink);
  try {
    return { ...bottom, storedBytes, sink: await encrypting(counted, options) };
  } catch (error) {
    await counted.discard();
    await bottom.close();
    throw error;
  }
}

type Bottom = Omit<BackupOutput, 'storedBytes'>;

async function openPlace(
  options: BackupOptions,
  instance: OutputInstance,
  facts: NameFacts,
): Promise<Bottom> {
  const bare = { path: null, warnings: [], close: () => Promise.resolve() };
  if (options.dryRun) return { ...bare, sink: createNullSink() };
  const { destination, archiveName } = instance;
  const word = options.destination ?? destination?.value ?? '.';
  if (word === '-') {
    if (!options.stdout) throw new DmsBackupError('usage', 'no stream to write the archive to');
    return { ...bare, sink: createStreamSink(options.stdout) };
  }
  const place = parsePlace(word);
  // a pattern of the application would contradict a file name of the user
  const pattern = options.filename ?? (isFileName(word) ? undefined : archiveName?.value);
  const naming = { pattern, facts, packing: packingOf(options, place) };
  return place.kind === 'local'
    ? await openFile(word, naming, options, instance.roots)
    : await openStored(word, place, naming, options);
}

interface Naming {
  readonly pattern: string | undefined;
  readonly facts: NameFacts;
  readonly packing: Packing;
}

function packingOf({ compression, encryption }: BackupOptions, place: Place): Packing {
  if (encryption === undefined) return { codec: compression };
  if (place.kind === 'restic') {
    throw new DmsBackupError('usage', 'restic encrypts by itself, and --encrypt would undo it', {
      hint: 'Leave --encrypt out: in what is encrypted already, restic finds no equal parts.',
    });
  }
  return { codec: compression, encryption: encryption.method };
}

async function openFile(
  word: string,
  { pattern, facts, packing }: Naming,
  options: BackupOptions,
  roots: readonly Root[],
): Promise<Bottom> {
  const { workingDirectory } = options;
  const { directory, path } = archivePath(word, pattern, facts, packing, workingDirectory);
  assertOutside(path, roots);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw writeError(cause, directory);
  }
  const { lock, warnings } = await shareDirectory(directory, options);
  try {
    const close = (): Promise<void> => Promise.resolve(lock?.release());
    return { sink: createFileSink(path), path, warnings, close };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

async function openStored(
  word: string,
  place: Place,
  { pattern, facts, packing }: Naming,
  { environment, workingDirectory, signal }: BackupOptions,
): Promise<Bottom> {
  if (place.fileName !== undefined && place.kind === 'restic')
    throw new DmsBackupError('usage', 'the name of a snapshot cannot be chosen', {
      hint: 'Write restic:REPOSITORY without #, and --filename for the name of the archive in it.',
    });
  if (place.fileName !== undefined) assertGivenName(place.fileName, pattern, packing);
  const name = place.fileName ?? archiveFileName(pattern, facts, packing);
  const storage = await openStorage(place, { environment, workingDirectory, signal });
  try {
    const sink = await storage.createSink(name, signal);
    const close = (): Promise<void> => storage.close();
    return { sink, path: archiveAt(word, place, name), warnings: [], close };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Against a prune. Its absence must not prevent a backup: a prune that cannot lock removes nothing. */
async function shareDirectory(
  directory: string,
  options: BackupOptions,
): Promise<{ lock?: Lock; warnings: string[] }> {
  try {
    return { lock: await lockDestination(directory, 'shared', options), warnings: [] };
  } catch (error) {
    if (!isDmsBackupError(error) || error.code !== 'destination-unwritable') throw error;
    return { warnings: [`no lock at the destination: ${error.message}`] };
  }
}

/** An archive below a root would be part of the next one. */
function assertOutside(path: string, roots: readonly Root[]): void {
  for (const root of roots) {
    const inside = relative(root.directory, path);
    if (inside === '..' || inside.startsWith(`..${sep}`)) continue;
    throw new DmsBackupError(
      'usage',
      `the destination '${path}' lies inside the ${root.name} root of the instance`,
      { hint: 'Choose a destination outside of the directories that are backed up.' },
    );
  }
}

async function encrypting(sink: Sink, { encryption }: BackupOptions): Promise<Sink> {
  if (encryption === undefined) return sink;
  return encryption.method === 'age'
    ? await createAgeSink(sink, encryption)
    : await createGpgSink(sink, encryption);
}

function counting(sink: Sink): { sink: Sink; storedBytes: () => number } {
  let bytes = 0;
  const counted: Sink = {
    async write(piece) {
      await sink.write(piece);
      bytes += piece.length;
    },
    commit: () => sink.commit(),
    discard: () => sink.discard(),
  };
  return { sink: counted, storedBytes: () => bytes };
}
