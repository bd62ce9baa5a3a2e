// The plan of a restore: what is in the archive, what is at the target, whether the versions fit, what would be replaced.

import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Adapter, Compatibility, RestoreNotes, Stamp } from '../adapter.ts';
import { checked } from '../adapter-check.ts';
import { CompatibilitySchema, RestoreNotesSchema } from '../adapter-schema.ts';
import type { ArchiveReader } from '../archive/reader.ts';
import type { Manifest } from '../archive/schema.ts';
import { readStamp, versionText } from '../capture/snapshot.ts';
import { describeLocation } from '../database/database-url.ts';
import type { DatabaseSnapshot, TargetDatabase } from '../database/engine.ts';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { impossible } from '../database/move/findings.ts';
import type { InstanceDatabase } from '../instance.ts';
import type { RestoreOptions, RestorePlan } from '../verb.ts';
import { planDatabaseMove } from './plan-move.ts';
import type { PlannedMove } from './plan-move.ts';
import type { Target } from './target.ts';

/** A database file takes more than its rows as text: pages, indexes. Measured on captured instances: 1.1 to 2.5. */
const databaseFactor = 3;

/** The plan, and what a move to another engine needs beyond what is shown. */
export interface PlannedRestore {
  readonly plan: RestorePlan;
  readonly move: PlannedMove | undefined;
}

/** Builds the plan. Reads the target, changes nothing. Throws `database-locked` when the application is using it. */
export async function planRestore(
  reader: ArchiveReader,
  manifest: Manifest,
  target: Target,
  options: RestoreOptions,
): Promise<PlannedRestore> {
  const withDatabase = options.parts.includes('database') && manifest.database !== null;
  const { database: found } = target;
  const database =
    withDatabase && found
      ? await found.engine.inspectTarget(found.location, found.connect)
      : undefined;
  const stamp = await targetStamp(target, database, options);
  const compatibility = checked(
    CompatibilitySchema,
    options.adapter.compatibility(manifest.stamp, stamp),
    options.adapter.name,
    'compatibility',
  );
  const roots = target.places
    .filter(({ name }) => name !== 'database')
    .map((place) => ({
      name: place.name,
      directory: place.directory,
      state: stateOf(place.directory, place.children().length),
    }));
  const replaces = [
    ...(database?.state === 'occupied'
      ? [`database ${placeText(found)} with ${database.tables} tables`]
      : []),
    ...roots
      .filter(({ state }) => state === 'occupied')
      .map(({ name, directory }) => `${name} ${directory}`),
  ];
  const { counts } = reader.seal;
  const directories = target.places.map(({ directory }) => directory);
  const places = directories.length > 0 ? directories : [target.room ?? '/'];
  const isMove = database !== undefined && manifest.database?.engine !== found?.engine.name;
  // another version has other tables: its number says more than the first table that differs
  if (isMove && stamp)
    assertVersion(compatibility, `${manifest.app.title} ${versionText(manifest.stamp)}`, {
      ...options,
      moveTo: found?.engine.name,
    });
  const move =
    found && database
      ? await planDatabaseMove(reader, manifest, found, database.state, options)
      : undefined;
  const plan: RestorePlan = {
    archive: {
      path: reader.source.name,
      id: manifest.archiveId,
      createdAt: manifest.createdAt,
      app: manifest.app.title,
      stamp: manifest.stamp,
    },
    target: {
      database:
        database && found
          ? {
              place: placeText(found),
              engine: found.location.engine,
              state: database.state,
              tables: database.tables,
            }
          : null,
      roots,
      stamp,
    },
    compatibility,
    neededBytes:
      (options.parts.includes('media') ? counts.mediaBytes : 0) +
      (withDatabase && found?.location.engine === 'sqlite'
        ? counts.databaseBytes * databaseFactor
        : 0),
    freeBytes: Math.min(...places.map(freeBytes)),
    replaces,
    keepsUndo: options.keepUndo && replaces.length > 0,
    excluded: reader.seal.excluded,
    notes: restoreNotes(options.adapter, manifest.stamp, target).steps,
    move: move && found ? moveText(move, found) : null,
  };
  return { plan, move };
}

function moveText(
  { move, census }: PlannedMove,
  { engine }: InstanceDatabase,
): RestorePlan['move'] {
  const { rows, findings, repaired } = census;
  return { from: move.source.engine, to: engine.name, rows, findings, repaired };
}

/** Refuses what must not be done, before anything is prepared. */
export function assertAllowed(plan: RestorePlan, options: RestoreOptions): void {
  const versions = `${plan.archive.app} ${versionText(plan.archive.stamp)}`;
  assertVersion(plan.compatibility as Compatibility, versions, {
    ...options,
    moveTo: plan.move?.to,
  });
  if (plan.move && plan.move.findings.length > 0) throw impossible(plan.move.findings);
  if (plan.neededBytes > plan.freeBytes) {
    throw new DmsBackupError(
      'no-space',
      `the restore needs about ${plan.neededBytes} bytes, there are ${plan.freeBytes}`,
    );
  }
}

/** `versions`: application and version of the archive; `moveTo`: the engine of the target, if it is another. */
function assertVersion(
  compatibility: Compatibility,
  versions: string,
  {
    acceptUnknownVersion,
    moveTo,
  }: Pick<RestoreOptions, 'acceptUnknownVersion'> & { readonly moveTo: string | undefined },
): void {
  const { verdict, explanation, steps } = compatibility;
  if (verdict === 'too-new' || verdict === 'impossible') {
    throw new DmsBackupError(
      'app-version-refused',
      `cannot restore an archive of ${versions} here`,
      {
        hint: [explanation, ...steps].map(sentence).join(' '),
      },
    );
  }
  if (verdict === 'unknown' && !acceptUnknownVersion) {
    throw new DmsBackupError(
      'app-version-refused',
      `cannot tell whether an archive of ${versions} fits here`,
      {
        hint: `${sentence(explanation)} If you know that it fits, repeat with --accept-unknown-version.`,
      },
    );
  }
  if (moveTo !== undefined && verdict !== 'same') {
    throw new DmsBackupError(
      'app-version-refused',
      `cannot move ${versions} to ${moveTo}: the target is of another version`,
      {
        hint: 'A move needs the same version on both sides. Let that version make the tables of the target, then restore again.',
      },
    );
  }
}

/** With a capital and a full stop: adapters give explanations in the form of messages. */
function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** The adapter's notes, checked; empty when it has none. */
export function restoreNotes(adapter: Adapter, stamp: Stamp, target: Target): RestoreNotes {
  if (!adapter.restoreNotes) return { steps: [], createDirectories: [] };
  return checked(
    RestoreNotesSchema,
    adapter.restoreNotes(stamp, target.instance),
    adapter.name,
    'restoreNotes',
  );
}

/** Version of what runs at the target, if its database can tell. */
async function targetStamp(
  target: Target,
  database: TargetDatabase | undefined,
  options: RestoreOptions,
): Promise<Stamp | null> {
  if (database?.state !== 'occupied' || !target.database) return null;
  const { engine, location, connect } = target.database;
  let snapshot: DatabaseSnapshot | undefined;
  try {
    snapshot = await engine.openSnapshot(location, connect);
    return await readStamp(options.adapter, snapshot, target.instance);
  } catch (error) {
    // a damaged database is a reason to restore, not to refuse, and one that no archive can hold may be replaced all the same:
    // neither says anything about what runs there
    const silent = ['database-corrupt', 'database-unsupported'];
    if (isDmsBackupError(error) && silent.includes(error.code)) return null;
    throw error;
  } finally {
    await snapshot?.close();
  }
}

function stateOf(directory: string, children: number): 'missing' | 'empty' | 'occupied' {
  if (!existsSync(directory)) return 'missing';
  return children === 0 ? 'empty' : 'occupied';
}

function placeText(database: InstanceDatabase | undefined): string {
  if (!database) return '';
  const { location } = database;
  return location.engine === 'sqlite' ? location.path : describeLocation(location);
}

/** Free bytes of the file system that a path is on, or will be on. */
function freeBytes(path: string): number {
  if (!existsSync(path)) return freeBytes(dirname(path));
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
