// A repository of the user's own restic. One snapshot holds one archive; its name is the name of the file in it.

import { DmsBackupError } from '../../errors.ts';
import type { ResticPlace } from '../place.ts';
import { endProgram, killProgram } from '../program.ts';
import type { Storage, StorageContext, StoredFile, StoredStream } from '../storage.ts';
import { assertStoredName, isStoredName } from '../stored-name.ts';
import { createRestic, type Restic, type ResticSnapshot } from './restic-program.ts';
import { createResticSink } from './restic-sink.ts';

/** Throws `usage` without a repository and `storage-denied` without a password. Nothing is started yet. */
export function openResticStorage(
  place: ResticPlace & { readonly url: string },
  context: StorageContext,
): Storage {
  const restic = createRestic(place, context);
  const shown = (name: string): string => `${place.url}#${name}`;

  /** By the name of the archive, by the beginning of the snapshot's id, or the newest. */
  async function find(word: string, signal?: AbortSignal): Promise<ResticSnapshot> {
    assertStoredName(word);
    const snapshots = await restic.snapshots(signal);
    const named = snapshots.findLast(({ name }) => name === word);
    if (named) return named;
    if (word === 'latest' && snapshots.length > 0) return snapshots.at(-1)!;
    const numbered = snapshots.filter(
      ({ id }) => /^[0-9a-f]{8,}$/.test(word) && id.startsWith(word),
    );
    if (numbered.length === 1) return numbered[0]!;
    throw new DmsBackupError('archive-not-found', `there is no '${shown(word)}'`, {
      hint: '`restic snapshots --tag dms-backup` shows what is there.',
    });
  }

  return {
    url: place.url,
    async list() {
      const files = new Map<string, StoredFile>();
      for (const snapshot of await restic.snapshots()) {
        const { name, madeAt } = snapshot;
        if (!isStoredName(name)) continue;
        const modifiedAt = Number.isNaN(madeAt.getTime()) ? null : madeAt;
        files.set(name, { name, sizeBytes: await restic.sizeOf(snapshot), modifiedAt });
      }
      return [...files.values()];
    },
    async open(name, signal = context.signal) {
      const snapshot = await find(name, signal);
      const sizeBytes = await restic.sizeOf(snapshot, signal);
      return { kind: 'stream', ...dump(restic, snapshot, sizeBytes, shown(name), signal) };
    },
    async createSink(name, signal = context.signal) {
      assertStoredName(name);
      return createResticSink(restic, shown(name), name, signal);
    },
    async remove(name) {
      const { id } = await find(name);
      await restic.forget(id);
    },
    close: () => Promise.resolve(),
  };
}

function dump(
  restic: Restic,
  snapshot: ResticSnapshot,
  sizeBytes: number,
  shown: string,
  signal?: AbortSignal,
): StoredStream {
  const program = restic.startDump(snapshot);
  const tried = `cannot read '${shown}'`;
  const interrupt = (): void => killProgram(program.child);
  signal?.addEventListener('abort', interrupt, { once: true });

  async function* read(): AsyncGenerator<Buffer> {
    let count = 0;
    for await (const piece of program.child.stdout! as AsyncIterable<Buffer>) {
      count += piece.length;
      yield piece;
    }
    const end = await program.ended;
    if (signal?.aborted) throw new DmsBackupError('interrupted', 'interrupted by the user');
    if (end.exitCode !== 0) throw restic.failure(tried, end, 'source-unreadable');
    if (count !== sizeBytes)
      throw new DmsBackupError('archive-damaged', `${tried}: it ends after ${count} bytes`);
  }

  return {
    sizeBytes,
    stream: read(),
    async close() {
      signal?.removeEventListener('abort', interrupt);
      await endProgram(program, 0);
    },
  };
}
