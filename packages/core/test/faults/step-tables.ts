// The steps of restore and undo, one line each, as a run on the installation of `box.ts` takes them: names are relative to its
// folder, the same step several times in a row is one. What fails or is killed at a step of `old` leaves the target as it was;
// at a step of `new` it becomes what it should be. At the turn it depends.

export interface Turn {
  readonly step: string;
  /** What the target is in the end. */
  readonly failedBefore: 'old' | 'new';
  readonly failedAfter: 'old' | 'new';
  readonly killedBefore: 'old' | 'new';
}

export interface StepTable {
  readonly verb: 'restore' | 'undo';
  readonly engine: 'sqlite' | 'postgres';
  readonly old: readonly string[];
  readonly turn: Turn;
  readonly new: readonly string[];
}

/** Only root gives what it prepares to its owner. */
const needsRoot = /^l?chown \./u;
const isRoot = process.getuid?.() === 0;

const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => isRoot || !needsRoot.test(line));

/** The rename of the journal decides when the process is killed; a failure until it is durable is taken back. */
const journal: Turn = {
  step: 'fsync .files.dms-backup',
  failedBefore: 'old',
  failedAfter: 'old',
  killedBefore: 'new',
};

/** The server decides. */
const commit: Turn = {
  step: 'sql COMMIT',
  failedBefore: 'old',
  failedAfter: 'new',
  killedBefore: 'old',
};

export const stepTables: readonly StepTable[] = [
  {
    verb: 'restore',
    engine: 'sqlite',
    old: lines(`
      mkdir .
      mkdir .files.dms-backup
      open .files.dms-backup/lock
      sqlite BEGIN EXCLUSIVE .files.dms-backup/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE; box.sqlite3
      sqlite PRAGMA query_only box.sqlite3
      mkdir .
      mkdir .files.dms-backup
      mkdir .
      mkdir .box.sqlite3.dms-backup
      open .box.sqlite3.dms-backup/journal.json.tmp
      write .box.sqlite3.dms-backup/journal.json.tmp
      fsync .box.sqlite3.dms-backup/journal.json.tmp
      rename .box.sqlite3.dms-backup/journal.json.tmp -> .box.sqlite3.dms-backup/journal.json
      fsync .box.sqlite3.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      mkdir .box.sqlite3.dms-backup/new-database
      mkdir .files.dms-backup/new-files
      mkdir .files.dms-backup/new-files/folder
      sqlite PRAGMA journal_mode .box.sqlite3.dms-backup/new-database/db.sqlite3
      sqlite COMMIT .box.sqlite3.dms-backup/new-database/db.sqlite3
      sqlite PRAGMA user_version .box.sqlite3.dms-backup/new-database/db.sqlite3
      rename .box.sqlite3.dms-backup/new-database/db.sqlite3 -> .box.sqlite3.dms-backup/new-database/box.sqlite3
      chmod .box.sqlite3.dms-backup/new-database/box.sqlite3
      chown .box.sqlite3.dms-backup/new-database/box.sqlite3
      symlink .files.dms-backup/new-files/folder/link
      lchown .files.dms-backup/new-files/folder/link
      lutimes .files.dms-backup/new-files/folder/link
      chown .files.dms-backup/new-files/folder
      chmod .files.dms-backup/new-files/folder
      utimes .files.dms-backup/new-files/folder
      sqlite BEGIN EXCLUSIVE; box.sqlite3
      sqlite PRAGMA query_only box.sqlite3
      mkdir files
      fsync .
      mkdir .
      open .box.sqlite3.dms-backup/journal.json.tmp
      write .box.sqlite3.dms-backup/journal.json.tmp
      fsync .box.sqlite3.dms-backup/journal.json.tmp
      rename .box.sqlite3.dms-backup/journal.json.tmp -> .box.sqlite3.dms-backup/journal.json
      fsync .box.sqlite3.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
    `),
    turn: journal,
    new: lines(`
      mkdir .files.dms-backup/old-files
      rename files/a -> .files.dms-backup/old-files/a
      mkdir .files.dms-backup/old-files
      rename files/folder -> .files.dms-backup/old-files/folder
      mkdir files
      rename .files.dms-backup/new-files/a -> files/a
      mkdir files
      rename .files.dms-backup/new-files/folder -> files/folder
      mkdir .box.sqlite3.dms-backup/old-database
      rename box.sqlite3 -> .box.sqlite3.dms-backup/old-database/box.sqlite3
      mkdir .
      rename .box.sqlite3.dms-backup/new-database/box.sqlite3 -> box.sqlite3
      fsync .files.dms-backup/old-files
      fsync files
      fsync .files.dms-backup/new-files
      fsync .box.sqlite3.dms-backup/old-database
      fsync .
      fsync .box.sqlite3.dms-backup/new-database
      open .box.sqlite3.dms-backup/journal.json.tmp
      write .box.sqlite3.dms-backup/journal.json.tmp
      fsync .box.sqlite3.dms-backup/journal.json.tmp
      rename .box.sqlite3.dms-backup/journal.json.tmp -> .box.sqlite3.dms-backup/journal.json
      fsync .box.sqlite3.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      chown files
      chmod files
      utimes files
      rm .files.dms-backup/new-files
      rm .box.sqlite3.dms-backup/new-database
      open .files.dms-backup/undo.json.tmp
      write .files.dms-backup/undo.json.tmp
      fsync .files.dms-backup/undo.json.tmp
      rename .files.dms-backup/undo.json.tmp -> .files.dms-backup/undo.json
      fsync .files.dms-backup
      open .box.sqlite3.dms-backup/undo.json.tmp
      write .box.sqlite3.dms-backup/undo.json.tmp
      fsync .box.sqlite3.dms-backup/undo.json.tmp
      rename .box.sqlite3.dms-backup/undo.json.tmp -> .box.sqlite3.dms-backup/undo.json
      fsync .box.sqlite3.dms-backup
      rm .files.dms-backup/journal.json
      rm .box.sqlite3.dms-backup/journal.json
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rmdir state/dms-backup
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rm .files.dms-backup/lock
      rmdir .files.dms-backup
    `),
  },
  {
    verb: 'undo',
    engine: 'sqlite',
    old: lines(`
      mkdir .
      mkdir .files.dms-backup
      open .files.dms-backup/lock
      sqlite BEGIN EXCLUSIVE .files.dms-backup/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE; box.sqlite3
      sqlite PRAGMA query_only box.sqlite3
      mkdir .
      mkdir .files.dms-backup
      mkdir .
      mkdir .box.sqlite3.dms-backup
      open .box.sqlite3.dms-backup/journal.json.tmp
      write .box.sqlite3.dms-backup/journal.json.tmp
      fsync .box.sqlite3.dms-backup/journal.json.tmp
      rename .box.sqlite3.dms-backup/journal.json.tmp -> .box.sqlite3.dms-backup/journal.json
      fsync .box.sqlite3.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      mkdir files
      fsync .
      mkdir .
      open .box.sqlite3.dms-backup/journal.json.tmp
      write .box.sqlite3.dms-backup/journal.json.tmp
      fsync .box.sqlite3.dms-backup/journal.json.tmp
      rename .box.sqlite3.dms-backup/journal.json.tmp -> .box.sqlite3.dms-backup/journal.json
      fsync .box.sqlite3.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
    `),
    turn: journal,
    new: lines(`
      mkdir .files.dms-backup
      rename .files.dms-backup/old-files -> .files.dms-backup/new-files
      mkdir .files.dms-backup/old-files
      rename files/a -> .files.dms-backup/old-files/a
      mkdir .files.dms-backup/old-files
      rename files/folder -> .files.dms-backup/old-files/folder
      mkdir files
      rename .files.dms-backup/new-files/a -> files/a
      mkdir files
      rename .files.dms-backup/new-files/folder -> files/folder
      mkdir .box.sqlite3.dms-backup
      rename .box.sqlite3.dms-backup/old-database -> .box.sqlite3.dms-backup/new-database
      mkdir .box.sqlite3.dms-backup/old-database
      rename box.sqlite3 -> .box.sqlite3.dms-backup/old-database/box.sqlite3
      mkdir .
      rename .box.sqlite3.dms-backup/new-database/box.sqlite3 -> box.sqlite3
      fsync .files.dms-backup
      fsync .files.dms-backup/old-files
      fsync files
      fsync .files.dms-backup/new-files
      fsync .box.sqlite3.dms-backup
      fsync .box.sqlite3.dms-backup/old-database
      fsync .
      fsync .box.sqlite3.dms-backup/new-database
      open .box.sqlite3.dms-backup/journal.json.tmp
      write .box.sqlite3.dms-backup/journal.json.tmp
      fsync .box.sqlite3.dms-backup/journal.json.tmp
      rename .box.sqlite3.dms-backup/journal.json.tmp -> .box.sqlite3.dms-backup/journal.json
      fsync .box.sqlite3.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      chown files
      chmod files
      utimes files
      rm .files.dms-backup/new-files
      rm .box.sqlite3.dms-backup/new-database
      open .files.dms-backup/undo.json.tmp
      write .files.dms-backup/undo.json.tmp
      fsync .files.dms-backup/undo.json.tmp
      rename .files.dms-backup/undo.json.tmp -> .files.dms-backup/undo.json
      fsync .files.dms-backup
      open .box.sqlite3.dms-backup/undo.json.tmp
      write .box.sqlite3.dms-backup/undo.json.tmp
      fsync .box.sqlite3.dms-backup/undo.json.tmp
      rename .box.sqlite3.dms-backup/undo.json.tmp -> .box.sqlite3.dms-backup/undo.json
      fsync .box.sqlite3.dms-backup
      rm .files.dms-backup/journal.json
      rm .box.sqlite3.dms-backup/journal.json
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rm .files.dms-backup/lock
      rmdir .files.dms-backup
    `),
  },
  {
    verb: 'restore',
    engine: 'postgres',
    old: lines(`
      mkdir .
      mkdir .files.dms-backup
      open .files.dms-backup/lock
      sqlite BEGIN EXCLUSIVE .files.dms-backup/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      mkdir .
      mkdir .files.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      mkdir .files.dms-backup/new-former
      open .files.dms-backup/new-former/.dms-backup.lock
      sqlite BEGIN; SELECT .files.dms-backup/new-former/.dms-backup.lock
      open .files.dms-backup/new-former/database.tar.zst.partial
      write .files.dms-backup/new-former/database.tar.zst.partial
      fsync .files.dms-backup/new-former/database.tar.zst.partial
      link .files.dms-backup/new-former/database.tar.zst.partial -> .files.dms-backup/new-former/database.tar.zst
      unlink .files.dms-backup/new-former/database.tar.zst.partial
      fsync .files.dms-backup/new-former
      open .files.dms-backup/new-former/.dms-backup.lock
      sqlite BEGIN EXCLUSIVE .files.dms-backup/new-former/.dms-backup.lock
      rm .files.dms-backup/new-former/.dms-backup.lock
      mkdir .files.dms-backup/new-files
      mkdir .files.dms-backup/new-files/folder
      sql BEGIN
      sql ALTER TABLE
      sql TRUNCATE ONLY
      sql COPY
      sql ALTER TABLE
      sql ANALYZE "public"."marks",
      symlink .files.dms-backup/new-files/folder/link
      lchown .files.dms-backup/new-files/folder/link
      lutimes .files.dms-backup/new-files/folder/link
      chown .files.dms-backup/new-files/folder
      chmod .files.dms-backup/new-files/folder
      utimes .files.dms-backup/new-files/folder
      mkdir files
      fsync .
      sql SELECT pg_catalog.txid_current()
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
    `),
    turn: commit,
    new: lines(`
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      mkdir .files.dms-backup/old-files
      rename files/a -> .files.dms-backup/old-files/a
      mkdir .files.dms-backup/old-files
      rename files/folder -> .files.dms-backup/old-files/folder
      mkdir files
      rename .files.dms-backup/new-files/a -> files/a
      mkdir files
      rename .files.dms-backup/new-files/folder -> files/folder
      mkdir .files.dms-backup
      rename .files.dms-backup/new-former -> .files.dms-backup/old-former
      fsync .files.dms-backup/old-files
      fsync files
      fsync .files.dms-backup/new-files
      fsync .files.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      chown files
      chmod files
      utimes files
      rm .files.dms-backup/new-files
      open .files.dms-backup/undo.json.tmp
      write .files.dms-backup/undo.json.tmp
      fsync .files.dms-backup/undo.json.tmp
      rename .files.dms-backup/undo.json.tmp -> .files.dms-backup/undo.json
      fsync .files.dms-backup
      rm .files.dms-backup/journal.json
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rmdir state/dms-backup
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rm .files.dms-backup/lock
      rmdir .files.dms-backup
    `),
  },
  {
    verb: 'undo',
    engine: 'postgres',
    old: lines(`
      mkdir .
      mkdir .files.dms-backup
      open .files.dms-backup/lock
      sqlite BEGIN EXCLUSIVE .files.dms-backup/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      mkdir state/dms-backup
      mkdir state/dms-backup/lock-ID
      open state/dms-backup/lock-ID/lock
      sqlite BEGIN EXCLUSIVE state/dms-backup/lock-ID/lock
      mkdir .
      mkdir .files.dms-backup
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      mkdir .files.dms-backup/new-former
      open .files.dms-backup/new-former/.dms-backup.lock
      sqlite BEGIN; SELECT .files.dms-backup/new-former/.dms-backup.lock
      open .files.dms-backup/new-former/database.tar.zst.partial
      write .files.dms-backup/new-former/database.tar.zst.partial
      fsync .files.dms-backup/new-former/database.tar.zst.partial
      link .files.dms-backup/new-former/database.tar.zst.partial -> .files.dms-backup/new-former/database.tar.zst
      unlink .files.dms-backup/new-former/database.tar.zst.partial
      fsync .files.dms-backup/new-former
      open .files.dms-backup/new-former/.dms-backup.lock
      sqlite BEGIN EXCLUSIVE .files.dms-backup/new-former/.dms-backup.lock
      rm .files.dms-backup/new-former/.dms-backup.lock
      sql BEGIN
      sql ALTER TABLE
      sql TRUNCATE ONLY
      sql COPY
      sql ALTER TABLE
      sql ANALYZE "public"."marks",
      mkdir files
      fsync .
      sql SELECT pg_catalog.txid_current()
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
    `),
    turn: commit,
    new: lines(`
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      mkdir .files.dms-backup
      rename .files.dms-backup/old-files -> .files.dms-backup/new-files
      mkdir .files.dms-backup/old-files
      rename files/a -> .files.dms-backup/old-files/a
      mkdir .files.dms-backup/old-files
      rename files/folder -> .files.dms-backup/old-files/folder
      mkdir files
      rename .files.dms-backup/new-files/a -> files/a
      mkdir files
      rename .files.dms-backup/new-files/folder -> files/folder
      mkdir .files.dms-backup
      rename .files.dms-backup/old-former -> .files.dms-backup/old-former.former
      mkdir .files.dms-backup
      rename .files.dms-backup/new-former -> .files.dms-backup/old-former
      fsync .files.dms-backup
      fsync .files.dms-backup/old-files
      fsync files
      fsync .files.dms-backup/new-files
      open .files.dms-backup/journal.json.tmp
      write .files.dms-backup/journal.json.tmp
      fsync .files.dms-backup/journal.json.tmp
      rename .files.dms-backup/journal.json.tmp -> .files.dms-backup/journal.json
      fsync .files.dms-backup
      chown files
      chmod files
      utimes files
      rm .files.dms-backup/new-files
      rm .files.dms-backup/old-former.former
      open .files.dms-backup/undo.json.tmp
      write .files.dms-backup/undo.json.tmp
      fsync .files.dms-backup/undo.json.tmp
      rename .files.dms-backup/undo.json.tmp -> .files.dms-backup/undo.json
      fsync .files.dms-backup
      rm .files.dms-backup/journal.json
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rm state/dms-backup/lock-ID/lock
      rmdir state/dms-backup/lock-ID
      rm .files.dms-backup/lock
      rmdir .files.dms-backup
    `),
  },
];

/** Of a backup, in the folder of the archive. */
export const backupSteps: readonly string[] = lines(`
  mkdir .
  open .dms-backup.lock
  sqlite BEGIN; SELECT .dms-backup.lock
  open a.tar.zst.partial
  write a.tar.zst.partial
  fsync a.tar.zst.partial
  link a.tar.zst.partial -> a.tar.zst
  unlink a.tar.zst.partial
  fsync .
  open .dms-backup.lock
  sqlite BEGIN EXCLUSIVE .dms-backup.lock
  rm .dms-backup.lock
`);

/** Of the threads of a restore, for each file. */
export const threadSteps: readonly string[] = [
  'open',
  'write',
  ...(isRoot ? ['fchown'] : []),
  'fchmod',
  'futimes',
];
