// The verb `restore`: plan, confirm, stage, load, prove, switch. Everything is prepared and proved beside the target; the
// switch is a few renames under a journal, so the target is old or new at any time, and a kill is finished by the next run.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ArchiveReader, PlacedEntry } from './archive/reader.ts';
import type { Manifest } from './archive/schema.ts';
import { splitPath } from './archive/entry-path.ts';
import { walkArchive } from './archive/walk.ts';
import type { Wish } from './archive/walk.ts';
import { DmsBackupError, assertNotAborted } from './errors.ts';
import type { PreparedDatabase } from './database/engine.ts';
import { throttledProgress } from './events.ts';
import { archiveFormer, keepingOf, serverPart } from './former.ts';
import { openNamedArchive } from './named-archive.ts';
import { assertAllowed, planRestore, restoreNotes } from './staging/plan.ts';
import { DatabaseStage } from './staging/stage-database.ts';
import type { StageOptions } from './staging/stage-database.ts';
import { MediaStage } from './staging/stage-media.ts';
import { newFolder } from './staging/place.ts';
import { asRestoreError, beginJournal, switchOver, takeBack } from './staging/switch.ts';
import type { SwitchPlan } from './staging/switch.ts';
import { databaseFate, findTarget, lockTarget, recoverIfNeeded } from './staging/target.ts';
import type { Target } from './staging/target.ts';
import type { Recovery, RestoreOptions, RestorePlan, RestoreResult } from './verb.ts';
import { assertCounts } from './verify.ts';

/**
 * Restores an archive, all or nothing. Throws `app-version-refused`, `target-not-empty`, `no-space`, `database-locked`,
 * `locked`, `archive-damaged`, `restore-failed`, `interrupted`: in every case the target is as it was. Only after
 * `restore-unfinished` it is not, until `doctor` has run.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { reader, close } = await openNamedArchive({ ...options, ...options.archiveAccess });
  try {
    const manifest = reader.manifest();
    assertSameApp(manifest, options);
    const target = onlyArchived(await findTarget(options, partsOf(manifest, options)), manifest);
    assertPlaces(manifest, target, options);
    if (options.planOnly) {
      const recovery = await recoverIfNeeded(target);
      const { plan } = await planRestore(reader, manifest, target, options);
      return result(plan, { planOnly: true, recovery });
    }
    const { lock, recovery } = await lockTarget(target, options);
    try {
      return await new RestoreRun(reader, manifest, target, options).run(recovery);
    } finally {
      lock.release();
    }
  } finally {
    await close();
  }
}

/** Without the roots that the archive does not have: they are not exchanged for nothing. */
function onlyArchived(target: Target, manifest: Manifest): Target {
  const archived = new Set(['database', ...manifest.roots.map(({ name }) => name)]);
  return { ...target, places: target.places.filter(({ name }) => archived.has(name)) };
}

/** Every archived root that is wanted has a place in the target. Throws `instance-not-found`. */
function assertPlaces(manifest: Manifest, target: Target, { parts }: RestoreOptions): void {
  if (!parts.includes('media')) return;
  const known = new Set(target.places.map(({ name }) => name));
  const lost = manifest.roots.find(({ name }) => !known.has(name));
  if (!lost) return;
  const { name } = lost;
  throw new DmsBackupError(
    'instance-not-found',
    `the archive has a root '${name}' and the target has no place for it`,
    {
      hint:
        name === 'media' || name === 'data'
          ? `Name the directory with --${name}.`
          : 'Give the configuration of the target with --config, and the flags of the adapter that the backup had.',
    },
  );
}

/** What is wanted and there. */
function partsOf(manifest: Manifest, options: RestoreOptions): RestoreOptions['parts'] {
  const parts = options.parts.filter((part) => manifest.options.parts.includes(part));
  if (parts.length === 0) {
    throw new DmsBackupError(
      'usage',
      `the archive holds only: ${manifest.options.parts.join(', ')}`,
    );
  }
  return parts;
}

/** Throws `wrong-application`. */
export function assertSameApp(
  manifest: Manifest,
  { adapter }: Pick<RestoreOptions, 'adapter'>,
): void {
  if (manifest.app.name !== adapter.name && !adapter.aliases.includes(manifest.app.name)) {
    throw new DmsBackupError(
      'wrong-application',
      `the archive is of ${manifest.app.title}, not of ${adapter.title}`,
      {
        hint: `Use --app ${manifest.app.name}.`,
      },
    );
  }
}

class RestoreRun {
  readonly #reader: ArchiveReader;
  readonly #manifest: Manifest;
  readonly #target: Target;
  readonly #options: RestoreOptions;
  readonly #media = new Map<string, MediaStage>();
  #database: DatabaseStage | undefined;
  /** Of a database on a server, when all of it is proved. */
  #prepared: PreparedDatabase | undefined;

  constructor(reader: ArchiveReader, manifest: Manifest, target: Target, options: RestoreOptions) {
    this.#reader = reader;
    this.#manifest = manifest;
    this.#target = target;
    this.#options = options;
  }

  async run(recovery: Recovery | null): Promise<RestoreResult> {
    const { plan, move } = await planRestore(
      this.#reader,
      this.#manifest,
      this.#target,
      this.#options,
    );
    assertAllowed(plan, this.#options);
    await this.#confirm(plan);
    const switchPlan = { ...this.#switchPlan(plan), created: this.#missingDirectories() };
    const journal = beginJournal(switchPlan);
    let staged: { files: number; bytes: number };
    try {
      if (switchPlan.server?.kept === 'archive') {
        this.#step('undo', 'keeping the present database for undo');
        await archiveFormer(this.#target, this.#options, this.#reader.seal.tables);
      }
      staged = await this.#stage({
        keepFormer: switchPlan.server?.kept === 'server',
        ...(move && { move }),
      });
      this.#step('switch', 'putting the new state in place');
      await this.#assertStillFree();
    } catch (error) {
      await this.#database?.discard();
      takeBack(journal);
      throw asRestoreError(error);
    } finally {
      for (const stage of this.#media.values()) stage.close();
    }
    const attributes = [...this.#media.values()].flatMap(({ rootAttributes }) => rootAttributes);
    const fate = databaseFate(this.#target.database);
    await switchOver({ ...switchPlan, attributes }, journal, this.#prepared, fate);
    return result(plan, {
      planOnly: false,
      recovery,
      restored: {
        tables: this.#database?.schema?.tables.length ?? 0,
        rows: this.#database?.rows ?? 0,
        ...staged,
      },
      warnings: this.#warnings(),
      undo: plan.keepsUndo ? this.#target.room! : null,
    });
  }

  async #confirm(plan: RestorePlan): Promise<void> {
    if (plan.replaces.length === 0 || (await this.#options.confirm?.(plan)) === true) return;
    throw new DmsBackupError(
      'target-not-empty',
      `the restore would replace: ${plan.replaces.join('; ')}`,
    );
  }

  #step(phase: string, text: string): void {
    assertNotAborted(this.#options.signal);
    this.#options.onEvent?.({ type: 'step', phase, text });
  }

  #switchPlan(plan: RestorePlan): Omit<SwitchPlan, 'created'> {
    const { database, room, places } = this.#target;
    const state = plan.target.database?.state;
    const kept = plan.keepsUndo && state ? keepingOf(database, state) : undefined;
    const server = state ? serverPart(database, kept) : undefined;
    return {
      verb: 'restore',
      archiveId: this.#manifest.archiveId,
      places,
      // what is locked has one
      room: room!,
      attributes: [],
      keepUndo: plan.keepsUndo,
      ...(server && { server }),
    };
  }

  /** What must be removed again when nothing comes of it: the topmost missing directory above each place and room. */
  #missingDirectories(): string[] {
    const missing = this.#target.places
      .flatMap(({ directory, room }) => [directory, dirname(room)])
      .map(topmostMissing);
    return [...new Set(missing.filter((path) => path !== undefined))];
  }

  #warnings(): string[] {
    const repaired = (this.#database?.repaired ?? []).map(
      ({ table, column, kind, values }) =>
        `repaired (${kind}): ${values} values of column '${column}' of table '${table}'`,
    );
    return this.#database && this.#options.readBack === false
      ? [...repaired, 'the loaded tables were not read back and compared, as you asked']
      : repaired;
  }

  /** Everything into the rooms, proved. */
  async #stage(options: Omit<StageOptions, 'folder'>): Promise<{ files: number; bytes: number }> {
    const { signal } = this.#options;
    const isRoot = process.getuid?.() === 0;
    const reading = throttledProgress(this.#options.onEvent ?? (() => undefined));
    const totalItems = this.#reader.seal.index.entries;
    let [doneItems, doneBytes] = [0, 0];
    this.#openStages(isRoot, options);
    this.#step('restore', 'reading the archive');
    const found = await walkArchive(this.#reader, {
      wish: (entry) => this.#wish(entry),
      onDone: (entries, bytes) => {
        doneItems += entries;
        doneBytes += bytes;
        reading({ phase: 'restore', doneBytes, doneItems, totalItems, items: 'entries' });
      },
      setOwner: isRoot,
      ...(signal && { signal }),
    });
    this.#step('prove', 'proving the database');
    const tables = this.#reader.seal.tables;
    this.#prepared = await this.#database?.complete(tables, (done) =>
      reading({
        phase: 'prove',
        doneBytes: 0,
        doneItems: done,
        totalItems: tables.length,
        items: 'tables',
      }),
    );
    if (this.#database) assertCounts(this.#reader.seal, found, this.#database.schema);
    for (const stage of this.#media.values()) this.#completeMedia(stage);
    return this.#media.size > 0
      ? { files: found.media.files, bytes: found.media.bytes }
      : { files: 0, bytes: 0 };
  }

  #openStages(isRoot: boolean, options: Omit<StageOptions, 'folder'>): void {
    const { places, database } = this.#target;
    if (database && this.#options.parts.includes('database') && this.#manifest.database) {
      const place = places.find(({ name }) => name === 'database');
      const folder = place ? newFolder(place) : '';
      const readBack = this.#options.readBack ?? true;
      this.#database = new DatabaseStage(database, { ...options, folder, readBack });
    }
    for (const place of places) {
      if (place.name !== 'database') this.#media.set(place.name, new MediaStage(place, isRoot));
    }
  }

  #wish(entry: PlacedEntry): Wish {
    const parts = splitPath(entry.pathBytes);
    const [place, root] = [parts[0]!.toString('latin1'), parts[1]?.toString('latin1') ?? ''];
    if (place === 'database' && this.#database) return this.#database.wish(entry);
    const stage = place === 'media' ? this.#media.get(root) : undefined;
    return stage
      ? stage.wish(entry, entry.pathBytes.subarray(`media/${root}/`.length))
      : { do: 'prove' };
  }

  #completeMedia(stage: MediaStage): void {
    const { adapter, mediaStrategy } = this.#options;
    const { name } = stage.place;
    stage.complete(
      mediaStrategy,
      (path) => adapter.classify(name, path, this.#target.instance).keep,
    );
    for (const { root, path } of restoreNotes(adapter, this.#manifest.stamp, this.#target)
      .createDirectories) {
      if (root === name) stage.addDirectory(path);
    }
  }

  /** The application may have been started while we were preparing. */
  async #assertStillFree(): Promise<void> {
    const { database } = this.#target;
    // a server holds the locks of our own transaction by now, and an application that waits for them
    if (this.#database && database?.location.engine === 'sqlite')
      await database.engine.inspectTarget(database.location, database.connect);
  }
}

function topmostMissing(path: string): string | undefined {
  if (existsSync(path)) return undefined;
  return topmostMissing(dirname(path)) ?? path;
}

function result(
  plan: RestorePlan,
  facts: Pick<RestoreResult, 'planOnly'> &
    Partial<Pick<RestoreResult, 'restored' | 'undo' | 'recovered' | 'warnings'>> & {
      recovery?: Recovery | null;
    },
): RestoreResult {
  return {
    planOnly: facts.planOnly,
    plan,
    restored: facts.restored ?? null,
    undo: facts.undo ?? null,
    recovered: facts.recovery ?? null,
    nextSteps: plan.notes,
    warnings: facts.warnings ?? [],
    exitCode: 0,
  };
}
