// All flags of this release, once each: how they are written, what they take, what they mean. Commands name the ones they
// take; help texts, suggestions and the search for the verb are made from the same table.

import type { AlarmLimit } from '@dms-backup/core';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../usage-error.ts';

export type ExcludeClass = 'derived' | 'history' | 'ephemeral';

/** The flags of one call, checked one by one; absent means not given. */
export interface Values {
  app?: string;
  config?: string[];
  database?: string;
  databasePasswordFile?: string;
  media?: string;
  data?: string;
  appVersion?: string;
  filename?: string;
  compression?: 'zstd' | 'gzip' | 'none';
  level?: number;
  only?: 'database' | 'media';
  skipMedia?: boolean;
  skipDatabase?: boolean;
  excludeClass?: ExcludeClass[];
  dryRun?: boolean;
  alarmRemoved?: AlarmLimit;
  quick?: boolean;
  plan?: boolean;
  yes?: boolean;
  mediaStrategy?: 'replace' | 'merge' | 'keep-existing';
  /** False with --no-undo. */
  undo?: boolean;
  acceptUnknownVersion?: boolean;
  /** False with --no-verify. */
  verify?: boolean;
  repair?: string[];
  from?: string;
  encrypt?: 'age' | 'gpg';
  recipient?: string[];
  identity?: string[];
  passphraseFile?: string;
  passphraseCommand?: string;
  server?: string;
  to?: string;
  keep?: boolean;
  keepLast?: number;
  keepHourly?: number;
  keepDaily?: number;
  keepWeekly?: number;
  keepMonthly?: number;
  keepYearly?: number;
  keepWithin?: string;
  keepWithinHourly?: string;
  keepWithinDaily?: string;
  keepWithinWeekly?: string;
  keepWithinMonthly?: string;
  keepWithinYearly?: string;
  /** Milliseconds. */
  lockTimeout?: number;
  document?: string[];
  allVersions?: boolean;
  files?: boolean;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  /** False with --no-progress. */
  progress?: boolean;
  /** Values of the adapter's own flags by name; see `adapter-flags.ts`. */
  adapterOptions?: Record<string, string[]>;
}

export type FlagGroup = 'instance' | 'adapter' | 'verb' | 'everywhere';

export interface Flag {
  /** As commander reads it, e.g. `--level <N>`. */
  readonly spelling: string;
  readonly text: string;
  readonly group: FlagGroup;
  /** Checks and converts the word; `before` is the value so far of a repeatable flag. */
  readonly read?: (word: string, before: unknown) => unknown;
}

/** An empty word is nearly always an unset shell variable: it must not silently mean the current directory. */
export function assertWord(word: string, what: string): void {
  if (word === '') throw new UsageError(`${what} is empty`, 'Check the variables in the command.');
  if (word.includes('\0')) throw new UsageError(`${what} holds a NUL character`);
}

function text(word: string): string {
  if (word === '')
    throw new InvalidArgumentError('It is empty: check the variables in the command.');
  if (word.includes('\0')) throw new InvalidArgumentError('It holds a NUL character.');
  if (word.startsWith('--'))
    throw new InvalidArgumentError('It looks like a flag: the value is missing.');
  return word;
}

/** A repeatable flag. */
export function texts(word: string, before: unknown): string[] {
  return [...((before as string[] | undefined) ?? []), text(word)];
}

const excludeClasses: readonly string[] = [
  'derived',
  'history',
  'ephemeral',
] satisfies ExcludeClass[];

function classes(word: string, before: unknown): ExcludeClass[] {
  const found = text(word)
    .split(',')
    .map((part) => part.trim());
  const wrong = found.find((part) => !excludeClasses.includes(part));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Allowed are ${excludeClasses.join(', ')} (comma or repeated).`);
  return [
    ...new Set([...((before as ExcludeClass[] | undefined) ?? []), ...(found as ExcludeClass[])]),
  ];
}

function oneOf(...choices: readonly string[]): (word: string) => string {
  return (word) => {
    if (!choices.includes(word))
      throw new InvalidArgumentError(`Allowed are ${choices.join(', ')}.`);
    return word;
  };
}

function wholeNumber(word: string): number {
  if (!/^\d{1,3}$/.test(word)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(word);
}

/** A number of archives or periods; `unlimited` is all of them. */
function keepCount(word: string): number {
  if (word === 'unlimited') return Number.POSITIVE_INFINITY;
  if (!/^\d{1,6}$/.test(word))
    throw new InvalidArgumentError('It must be a whole number, or unlimited.');
  return Number(word);
}

/** Checked here, understood by core. */
function calendarDuration(word: string): string {
  if (!/^(?:\d{1,6}[ymdh])+$/.test(word))
    throw new InvalidArgumentError('Write years, months, days and hours as in 1y5m7d2h, or 30d.');
  return word;
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `90s`, `10m`, `1h30m` in milliseconds. */
function waitingTime(word: string): number {
  if (!/^(?:\d{1,6}[smh])+$/.test(word))
    throw new InvalidArgumentError('Write hours, minutes and seconds as in 1h30m, 10m or 90s.');
  const seconds = [...word.matchAll(/(\d+)([smh])/g)].map(
    ([, amount, unit = '']) => Number(amount) * (secondsOf[unit] ?? 0),
  );
  return seconds.reduce((sum, each) => sum + each, 0) * 1000;
}

function keepFlag(name: string, what: string): Flag & { readonly group: 'verb' } {
  return { spelling: `--keep-${name} <N>`, text: `keep ${what}`, group: 'verb', read: keepCount };
}

function withinFlag(name: string, what: string): Flag & { readonly group: 'verb' } {
  return {
    spelling: `--keep-${name} <DURATION>`,
    text: `keep ${what} of that time before the newest archive, e.g. 1y5m7d2h`,
    group: 'verb',
    read: calendarDuration,
  };
}

/** `5%` of what there was, or a number of documents. */
function limit(word: string): AlarmLimit {
  const [, digits, sign] = /^(\d{1,9}(?:\.\d{1,3})?)(%?)$/.exec(word) ?? [];
  const value = Number(digits);
  const isShare = sign === '%';
  if (digits === undefined || value <= 0 || (isShare ? value > 100 : digits.includes('.')))
    throw new InvalidArgumentError('It is a share such as 5%, or a number of documents, above 0.');
  return isShare ? { percent: value } : { documents: value };
}

export const flags = {
  app: {
    spelling: '--app <NAME>',
    text: 'adapter: name or alias, or the path or package name of a third-party one',
    group: 'instance',
    read: text,
  },
  config: {
    spelling: '--config <FILE>',
    text: "the application's own configuration file (repeatable)",
    group: 'instance',
    read: texts,
  },
  database: {
    spelling: '--database <URL>',
    text: 'where the database is: sqlite:///absolute/path, postgres://user@host:port/name or mariadb://user@host:port/name, options behind `?`; no password here',
    group: 'instance',
    read: text,
  },
  databasePasswordFile: {
    spelling: '--database-password-file <FILE>',
    text: "file that holds the password of the database user and nothing else (default: PGPASSWORD or MYSQL_PWD, then the application's configuration)",
    group: 'instance',
    read: text,
  },
  media: { spelling: '--media <DIR>', text: 'media root', group: 'instance', read: text },
  data: { spelling: '--data <DIR>', text: 'data directory', group: 'instance', read: text },
  appVersion: {
    spelling: '--app-version <X>',
    text: 'version of the application, when it cannot be found exactly',
    group: 'instance',
    read: text,
  },
  filename: {
    spelling: '--filename <PATTERN>',
    text: 'name of the archive: {app} {version} {time} and %Y %m %d %H %M %S',
    group: 'verb',
    read: text,
  },
  compression: {
    spelling: '--compression <METHOD>',
    text: 'zstd, gzip or none (default: zstd)',
    group: 'verb',
    read: oneOf('zstd', 'gzip', 'none'),
  },
  level: {
    spelling: '--level <N>',
    text: '1 to 19 for zstd (default: 1), 1 to 9 for gzip (default: 6)',
    group: 'verb',
    read: wholeNumber,
  },
  only: {
    spelling: '--only <PART>',
    text: 'database or media',
    group: 'verb',
    read: oneOf('database', 'media'),
  },
  skipMedia: { spelling: '--skip-media', text: 'same as --only database', group: 'verb' },
  skipDatabase: { spelling: '--skip-database', text: 'same as --only media', group: 'verb' },
  excludeClass: {
    spelling: '--exclude-class <CLASS>',
    text: 'leave out more: derived, history, ephemeral (comma or repeated); declared in the archive',
    group: 'verb',
    read: classes,
  },
  dryRun: { spelling: '--dry-run', text: 'find out everything, write nothing', group: 'verb' },
  alarmRemoved: {
    spelling: '--alarm-removed <LIMIT>',
    text: 'exit 3 when so many documents are gone: a share of those there were (5%) or a number; mass deletion and ransomware show here first',
    group: 'verb',
    read: limit,
  },
  quick: {
    spelling: '--quick',
    text: 'only seal, index and seek table; file contents are not read',
    group: 'verb',
  },
  plan: { spelling: '--plan', text: 'show what would happen and stop', group: 'verb' },
  yes: { spelling: '--yes', text: 'replace without a question', group: 'verb' },
  mediaStrategy: {
    spelling: '--media-strategy <HOW>',
    text: 'replace (default), merge or keep-existing',
    group: 'verb',
    read: oneOf('replace', 'merge', 'keep-existing'),
  },
  undo: { spelling: '--no-undo', text: 'do not keep what is replaced', group: 'verb' },
  repair: {
    spelling: '--repair <KIND=ACTION>',
    text: 'a move to another engine: change values that the target cannot hold, e.g. nul=strip (repeatable)',
    group: 'verb',
    read: texts,
  },
  verify: {
    spelling: '--no-verify',
    text: 'do not read the loaded tables back (the hashes of the archive are checked all the same)',
    group: 'verb',
  },
  acceptUnknownVersion: {
    spelling: '--accept-unknown-version',
    text: 'restore although nobody can say whether the versions fit',
    group: 'verb',
  },
  from: {
    spelling: '--from <PLACE>',
    text: 'directory or URL where `latest` is looked for (default: the current directory)',
    group: 'verb',
    read: text,
  },
  encrypt: {
    spelling: '--encrypt <METHOD>',
    text: 'age or gpg: for the recipients, or with a passphrase when there are none',
    group: 'verb',
    read: oneOf('age', 'gpg'),
  },
  recipient: {
    spelling: '--recipient <R>',
    text: 'age: age1... or a file with one in each line; gpg: a key of the keyring (repeatable)',
    group: 'verb',
    read: texts,
  },
  identity: {
    spelling: '--identity <FILE>',
    text: 'file with secret keys of age that open the archive (repeatable)',
    group: 'verb',
    read: texts,
  },
  passphraseFile: {
    spelling: '--passphrase-file <FILE>',
    text: 'file that holds the passphrase and nothing else (default: DMS_BACKUP_PASSPHRASE, DMS_BACKUP_PASSPHRASE_FILE, then a question)',
    group: 'verb',
    read: text,
  },
  passphraseCommand: {
    spelling: '--passphrase-command <COMMAND>',
    text: 'command for the shell that prints the passphrase',
    group: 'verb',
    read: text,
  },
  server: {
    spelling: '--server <URL>',
    text: 'server for a scratch database: postgres://user@host:port or mariadb://user@host:port; no database name and no password here',
    group: 'verb',
    read: text,
  },
  to: {
    spelling: '--to <DIR>',
    text: 'directory for the scratch folder (default: that for temporary files, TMPDIR)',
    group: 'verb',
    read: text,
  },
  document: {
    spelling: '--document <ID>',
    text: 'a document by its id, as `find` shows it (repeatable)',
    group: 'verb',
    read: texts,
  },
  allVersions: {
    spelling: '--all-versions',
    text: 'all versions of the documents, not only the current one',
    group: 'verb',
  },
  files: {
    spelling: '--files',
    text: 'look at the paths of all files in the archive instead of documents',
    group: 'verb',
  },
  keep: { spelling: '--keep', text: 'leave the restored state standing', group: 'verb' },
  keepLast: keepFlag('last', 'the N newest archives (a number, or `unlimited`)'),
  keepHourly: keepFlag('hourly', 'the newest archive of each of the last N hours that have one'),
  keepDaily: keepFlag('daily', 'the same for days'),
  keepWeekly: keepFlag('weekly', 'the same for weeks'),
  keepMonthly: keepFlag('monthly', 'the same for months'),
  keepYearly: keepFlag('yearly', 'the same for years'),
  keepWithin: withinFlag('within', 'all archives'),
  keepWithinHourly: withinFlag('within-hourly', 'the newest archive of each hour'),
  keepWithinDaily: withinFlag('within-daily', 'the newest archive of each day'),
  keepWithinWeekly: withinFlag('within-weekly', 'the newest archive of each week'),
  keepWithinMonthly: withinFlag('within-monthly', 'the newest archive of each month'),
  keepWithinYearly: withinFlag('within-yearly', 'the newest archive of each year'),
  lockTimeout: {
    spelling: '--lock-timeout <DURATION>',
    text: 'how long to wait for another run that is in the way, e.g. 10m (default: not at all)',
    group: 'verb',
    read: waitingTime,
  },
  json: { spelling: '--json', text: 'JSON lines instead of text', group: 'everywhere' },
  quiet: { spelling: '--quiet', text: 'only results, warnings and errors', group: 'everywhere' },
  verbose: { spelling: '--verbose', text: 'causes and stack of errors', group: 'everywhere' },
  progress: { spelling: '--no-progress', text: 'steps, but no progress', group: 'everywhere' },
} as const satisfies Record<Exclude<keyof Values, 'adapterOptions'>, Flag>;

export type FlagName = keyof typeof flags;

/** Where the instance is. */
export const instanceFlags = [
  'app',
  'config',
  'database',
  'databasePasswordFile',
  'media',
  'data',
  'appVersion',
] as const satisfies readonly FlagName[];

/** What `prune` keeps. */
export const keepFlags = [
  'keepLast',
  'keepHourly',
  'keepDaily',
  'keepWeekly',
  'keepMonthly',
  'keepYearly',
  'keepWithin',
  'keepWithinHourly',
  'keepWithinDaily',
  'keepWithinWeekly',
  'keepWithinMonthly',
  'keepWithinYearly',
] as const satisfies readonly FlagName[];

/** What opens an encrypted archive. */
export const keyFlags = [
  'identity',
  'passphraseFile',
  'passphraseCommand',
] as const satisfies readonly FlagName[];

/** Taken by every verb. */
export const everywhereFlags = [
  'json',
  'quiet',
  'verbose',
  'progress',
] as const satisfies readonly FlagName[];

/** `--level` of `--level <N>`. */
export function longName(flag: { readonly spelling: string }): string {
  return flag.spelling.split(' ')[0] ?? flag.spelling;
}

/** True when the flag takes the next word as its value. */
export function takesValue(flag: { readonly spelling: string }): boolean {
  return flag.spelling.includes('<');
}
