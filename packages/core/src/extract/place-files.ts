// Puts what was chosen below a directory: first it is looked whether there is room for each name, then all is written into a
// folder of its own and proved, and only then it gets its names. Nothing is overwritten, and below the directory no link is
// followed. When it fails before the names are given, nothing is there.

import { lstatSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { parentPath, showPath, splitPath } from '../archive/entry-path.ts';
import type { ArchiveReader } from '../archive/reader.ts';
import { takeOut } from '../archive/take-out.ts';
import type { ChosenFile, TakeOutOptions } from '../archive/take-out.ts';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { publish, writeError } from '../io/sink.ts';
import { joinBytes } from '../media/scan.ts';
import type { Selection } from './selection.ts';

/** Of the folder in which files lie until they are proved. A run that is killed leaves it. */
const partialPrefix = '.dms-backup-extract-';

/**
 * Throws `destination-exists` when something is there already, `target-unsafe` for a link on the way, and what
 * {@link takeOut} throws.
 */
export async function placeFiles(
  reader: ArchiveReader,
  selection: Selection,
  to: string,
  options: TakeOutOptions,
): Promise<void> {
  assertRoom(selection, to);
  const made = writing(to, () => mkdirSync(to, { recursive: true }));
  let partial: string | undefined;
  try {
    const folder = writing(to, () => mkdtempSync(join(to, partialPrefix)));
    partial = folder;
    await takeOut(reader, chosenFiles(selection, folder), options);
    for (const target of selection.directories()) makeDirectories(to, target);
    for (const { number, target } of selection.files('target')) {
      const parent = parentPath(target);
      if (parent) makeDirectories(to, parent);
      giveName(partialPath(folder, number), joinBytes(Buffer.from(to), target));
    }
  } catch (error) {
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
    // whatever is in it already has its name and is proved
    if (made !== undefined) removeEmpty(to);
    throw error;
  }
  rmSync(partial, { recursive: true, force: true });
}

function* chosenFiles(selection: Selection, folder: string): Generator<ChosenFile> {
  for (const { number, entry } of selection.files('position'))
    yield { entry, writeTo: partialPath(folder, number) };
}

function partialPath(folder: string, number: number): Buffer {
  return Buffer.from(join(folder, String(number)));
}

/** Before anything is written: every name is free, and every directory on the way is one or can be made. */
function assertRoom(selection: Selection, to: string): void {
  const top = writing(to, () => statSync(to, { throwIfNoEntry: false }));
  if (top && !top.isDirectory())
    throw new DmsBackupError('destination-unwritable', `'${to}' is no directory`);
  let lastParent: Buffer | undefined;
  for (const { target } of selection.files('target')) {
    const parent = parentPath(target);
    if (parent && !lastParent?.equals(parent)) {
      assertDirectories(selection, to, parent);
      lastParent = parent;
    }
    if (look(to, target)) throw isThere(to, target);
  }
  for (const target of selection.directories()) assertDirectories(selection, to, target);
}

function assertDirectories(selection: Selection, to: string, path: Buffer): void {
  for (const part of pathsTo(path)) {
    if (selection.hasFileAt(part))
      throw new DmsBackupError(
        'archive-damaged',
        `the archive has '${showPath(part)}' as a file and as a directory`,
      );
    const found = look(to, part);
    if (found && !found.isDirectory()) throw isThere(to, part, found);
  }
}

function makeDirectories(to: string, path: Buffer): void {
  for (const part of pathsTo(path)) {
    const found = look(to, part);
    if (!found) writing(to, () => mkdirSync(joinBytes(Buffer.from(to), part)));
    else if (!found.isDirectory()) throw isThere(to, part, found);
  }
}

/** `a`, `a/b`, `a/b/c` of `a/b/c`. */
function* pathsTo(path: Buffer): Generator<Buffer> {
  let end = -1;
  for (const part of splitPath(path)) {
    end += 1 + part.length;
    yield path.subarray(0, end);
  }
}

function look(to: string, path: Buffer): Stats | undefined {
  return writing(to, () => lstatSync(joinBytes(Buffer.from(to), path), { throwIfNoEntry: false }));
}

function isThere(to: string, path: Buffer, found?: Stats): DmsBackupError {
  const shown = join(to, showPath(path));
  return found?.isSymbolicLink()
    ? new DmsBackupError('target-unsafe', `'${shown}' is a link, and could lead anywhere`)
    : new DmsBackupError('destination-exists', `there is already a file '${shown}'`, {
        hint: 'Nothing was written. Name an empty directory with --to.',
      });
}

function giveName(from: Buffer, to: Buffer): void {
  writing(to.toString(), () => publish(from, to));
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // somebody has put something into it
  }
}

/** Runs it; errors of the system come in our words. */
function writing<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw isDmsBackupError(error) ? error : writeError(error, path);
  }
}
