// The journal of a switch: written before the first rename, removed after the last. Whoever finds one can bring the target
// into one whole state: `staging` means nothing was touched (old), `switching` means everything is ready (new), `committing`
// means that the database server knows which of the two.

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { LocationSchema } from '../adapter-schema.ts';
import { DmsBackupError } from '../errors.ts';
import { syncDirectory, writeAll } from '../io/sink.ts';

const AttributesSchema = z.object({
  path: z.string(),
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  mtime: z.string(),
});
export type DirectoryAttributes = z.infer<typeof AttributesSchema>;

/** A path as JSON: text, or `base64:` and bytes that are no UTF-8. */
const PathSchema = z.string();

/** One rename. The inode tells whether it has been done: a rename keeps it. */
const MoveSchema = z.object({ from: PathSchema, to: PathSchema, inode: z.string() });
export type JournalMove = z.infer<typeof MoveSchema>;

/** What became of the database that a restore replaced on a server. */
const FormerSchema = z.object({
  location: LocationSchema,
  /** `archive`: in the room; `server`: the engine kept its tables there; `empty`: there was nothing in it. */
  kept: z.enum(['archive', 'server', 'empty']),
  room: z.string(),
});
export type FormerDatabase = z.infer<typeof FormerSchema>;

const UndoSchema = z.object({
  undoVersion: z.literal(1),
  archiveId: z.string(),
  switchedAt: z.string(),
  places: z.array(z.object({ name: z.string(), directory: z.string(), room: z.string() })),
  /** Of the directories as they were before the switch. */
  attributes: z.array(AttributesSchema),
  /** Null when no database on a server was replaced. */
  former: FormerSchema.nullable(),
});
export type UndoNote = z.infer<typeof UndoSchema>;

const JournalSchema = z.object({
  journalVersion: z.literal(1),
  verb: z.enum(['restore', 'undo']),
  archiveId: z.string(),
  startedAt: z.string(),
  phase: z.enum(['staging', 'committing', 'switching']),
  /** All rooms that take part. */
  rooms: z.array(z.string()),
  /** Directories that did not exist before, topmost first: removed again when nothing was switched. */
  created: z.array(z.string()),
  moves: z.array(MoveSchema),
  /** Attributes of the exchanged directories themselves, set at the end. */
  attributes: z.array(AttributesSchema),
  /** Folders to delete at the end (a former undo, leftovers). */
  discard: z.array(z.string()),
  /** Folders to delete when nothing was switched: what has been prepared. */
  prepared: z.array(z.string()),
  /** The database on a server that takes part, and the ticket of its commit as soon as there is one. */
  database: z
    .object({
      location: LocationSchema,
      ticket: z.record(z.string(), z.string()).nullable(),
      /** Remove what the engine keeps of the replaced tables when all is done. */
      dropFormer: z.boolean(),
    })
    .nullable(),
  /** Written at the end, when what was replaced is kept for `undo`; else null. */
  undoNote: UndoSchema.nullable(),
});
export type Journal = z.infer<typeof JournalSchema>;
export type JournalDatabase = NonNullable<Journal['database']>;

/** In a room that is not the first of its journal. */
const PointerSchema = z.object({ see: z.string() });

const journalFile = (room: string) => join(room, 'journal.json');
const undoFile = (room: string) => join(room, 'undo.json');

/** Writes the journal durably: into the first room, pointers to it into the others before. */
export function writeJournal(journal: Journal): void {
  const [first, ...others] = journal.rooms;
  // written anew each time: a pointer may be left from a run that was killed at its very end
  for (const room of others) writeDurably(journalFile(room), { see: first });
  writeDurably(journalFile(first!), journal);
}

/** The journal that concerns a room, or undefined. A pointer to a journal that is gone concerns nobody. */
export function readJournal(room: string): Journal | undefined {
  const own = readJson(journalFile(room));
  if (own === undefined) return undefined;
  const pointer = PointerSchema.safeParse(own);
  const found = pointer.success ? readJson(journalFile(pointer.data.see)) : own;
  if (found === undefined) return undefined;
  const journal = JournalSchema.safeParse(found);
  if (!journal.success) {
    throw new DmsBackupError('target-unsafe', `cannot understand the journal in '${room}'`, {
      cause: journal.error,
      hint: 'It was written by another version of dms-backup, or changed. Use that version to finish the restore.',
    });
  }
  return journal.data;
}

/** Ends a journal. Pointers that stay behind after a kill point to nothing, which is harmless. */
export function removeJournal(rooms: readonly string[]): void {
  for (const room of rooms) rmSync(journalFile(room), { force: true });
}

export function writeUndoNote(room: string, note: UndoNote): void {
  writeDurably(undoFile(room), note);
}

/** Throws `target-unsafe` for a note that is none. */
export function readUndoNote(room: string): UndoNote | undefined {
  const found = readJson(undoFile(room));
  if (found === undefined) return undefined;
  const note = UndoSchema.safeParse(found);
  if (note.success) return note.data;
  throw new DmsBackupError('target-unsafe', `cannot understand the note on undo in '${room}'`, {
    cause: note.error,
    hint: 'It was written by another version of dms-backup, or changed. Use that version for the undo.',
  });
}

/** Tells one note from another without reading it; undefined when there is none, or none that this user can see. */
export function undoMark(room: string): string | undefined {
  try {
    const { ino, mtimeNs } = statSync(undoFile(room), { bigint: true });
    return `${ino} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}

export function removeUndoNote(room: string): void {
  rmSync(undoFile(room), { force: true });
}

/** Does the renames that are not done yet. Throws `restore-unfinished` when something else stands in the way. */
export function performMoves(moves: readonly JournalMove[]): void {
  const directories = new Set<string>();
  for (const move of moves) {
    const [from, to] = [decodePath(move.from), decodePath(move.to)];
    if (inodeOf(to) === move.inode) continue;
    if (inodeOf(from) !== move.inode || inodeOf(to) !== undefined) {
      throw new DmsBackupError(
        'restore-unfinished',
        `cannot move '${from.toString()}': something was changed meanwhile`,
        {
          hint: 'Stop the application, put the named path back, and run `doctor` again: it finishes what was begun.',
        },
      );
    }
    mkdirSync(dirname(to.toString()), { recursive: true, mode: 0o700 });
    renameSync(from, to);
    directories.add(dirname(to.toString()));
    directories.add(dirname(from.toString()));
  }
  for (const directory of directories) if (existsSync(directory)) syncDirectory(directory);
}

/** A move from where a thing is now. `from` may differ from `now` when an earlier move brings it there. */
export function plannedMove(from: Buffer, to: Buffer, now = from): JournalMove {
  const inode = inodeOf(now);
  if (inode === undefined)
    throw new DmsBackupError(
      'restore-failed',
      `'${now.toString()}' vanished while it was to be moved`,
    );
  return { from: encodePath(from), to: encodePath(to), inode };
}

function inodeOf(path: Buffer): string | undefined {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? undefined : `${status.dev}:${status.ino}`;
}

function encodePath(path: Buffer): string {
  return isUtf8(path) ? path.toString('utf8') : `base64:${path.toString('base64')}`;
}

function decodePath(path: string): Buffer {
  return path.startsWith('base64:') ? Buffer.from(path.slice(7), 'base64') : Buffer.from(path);
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // written durably and renamed: what cannot be parsed was never a journal of ours
    return undefined;
  }
}

function writeDurably(path: string, value: unknown): void {
  const temporary = `${path}.tmp`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    writeAll(fd, Buffer.from(`${JSON.stringify(value, null, 1)}\n`));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}
