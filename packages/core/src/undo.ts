// The verb `undo`: puts back what the last restore replaced. What is there now is kept in its place, so an undo can be undone.

import type { DatabaseLocation, PreparedDatabase } from './database/engine.ts';
import { describeLocation } from './database/database-url.ts';
import { DmsBackupError } from './errors.ts';
import { archiveFormer, formerTables, keepingOf, prepareFormer, serverPart } from './former.ts';
import { isSameDatabase } from './instance.ts';
import { readUndoNote } from './staging/journal.ts';
import type { FormerDatabase, UndoNote } from './staging/journal.ts';
import type { Place } from './staging/place.ts';
import { asRestoreError, beginJournal, switchOver, takeBack } from './staging/switch.ts';
import type { SwitchPlan } from './staging/switch.ts';
import { databaseFate, findTarget, lockTarget } from './staging/target.ts';
import type { Target } from './staging/target.ts';
import type { UndoOptions, UndoResult } from './verb.ts';

/**
 * Throws `nothing-to-undo`, `target-not-empty` (not confirmed), `database-locked`, `locked`, `restore-failed`; like a restore
 * `restore-unfinished`.
 */
export async function undo(options: UndoOptions): Promise<UndoResult> {
  const target = await findTarget(options, ['database', 'media']);
  const { lock, recovery } = await lockTarget(target, options);
  try {
    const note = target.rooms.map(readUndoNote).find((found) => found !== undefined);
    if (!note) {
      const why = recovery ? ` (${recovery.text})` : '';
      throw new DmsBackupError('nothing-to-undo', `no former state is kept for this target${why}`);
    }
    const places = notedPlaces(note, target);
    if (note.former) assertNamed(note.former, target);
    const what = [
      ...places.map(({ name, directory }) => `${name} in ${directory}`),
      ...(note.former ? [describeLocation(note.former.location)] : []),
    ];
    const text = `put back the state before ${note.switchedAt}: ${what.join(', ')}`;
    if ((await options.confirm?.(text)) !== true) {
      throw new DmsBackupError('target-not-empty', 'not confirmed to replace what is there now', {
        hint: `This would ${text}. Repeat with --yes.`,
      });
    }
    await putBack(note, places, target, options);
    const directories = new Set(places.map(({ directory }) => directory));
    return { text, places: [...directories], exitCode: 0 };
  } finally {
    lock.release();
  }
}

async function putBack(
  note: UndoNote,
  places: readonly Place[],
  target: Target,
  options: UndoOptions,
): Promise<void> {
  const { database } = target;
  const involved = note.former !== null || places.some(({ name }) => name === 'database');
  const state = involved
    ? await database?.engine.inspectTarget(database.location, database.connect)
    : undefined;
  const kept = note.former ? keepingOf(database, state?.state ?? 'empty') : undefined;
  const server = note.former ? serverPart(database, kept) : undefined;
  const plan: SwitchPlan = {
    verb: 'undo',
    archiveId: note.archiveId,
    places,
    room: note.former?.room ?? places[0]!.room,
    created: [],
    attributes: note.attributes,
    keepUndo: true,
    ...(server && { server }),
  };
  const journal = beginJournal(plan);
  let prepared: PreparedDatabase | undefined;
  try {
    if (kept === 'archive')
      await archiveFormer(target, options, note.former ? formerTables(note.former) : []);
    if (note.former) prepared = await prepareFormer(note.former, target, options);
  } catch (error) {
    takeBack(journal);
    throw asRestoreError(error);
  }
  await switchOver(plan, journal, prepared, databaseFate(database));
}

function notedPlaces(note: UndoNote, target: Target): Place[] {
  return note.places.map((noted) => {
    const place = target.places.find(
      ({ name, directory }) => name === noted.name && directory === noted.directory,
    );
    if (!place) throw notNamed(`that of '${noted.directory}'`);
    return { ...place, room: noted.room };
  });
}

function assertNamed(former: FormerDatabase, { database }: Target): void {
  const location = former.location as DatabaseLocation;
  if (!database || !isSameDatabase(database.location, location))
    throw notNamed(`that of the ${describeLocation(location)}`);
}

function notNamed(what: string): DmsBackupError {
  return new DmsBackupError(
    'nothing-to-undo',
    `the former state is ${what}, which is not named now`,
    {
      hint: 'Use the same flags as for the restore.',
    },
  );
}
