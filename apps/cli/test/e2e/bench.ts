// What the end-to-end tests share: a scratch folder with a home and a temporary directory of its own, the built program
// run as a child process, and pictures of an installation before and after that are made without the program.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { buildPaperlessInstance, digestSqlite, digestTree } from '@dms-backup/test-fixtures';
import type {
  SampleInstance,
  SampleOptions,
  SampleServer,
  ServerDigest,
  SqliteDigest,
  TreeDigest,
} from '@dms-backup/test-fixtures';
import { afterAll, expect } from 'vitest';

import { assertBuilt, program } from '../run-binary.ts';

/** Where an installation is, as far as the program is concerned. */
export interface Place {
  readonly dataDirectory: string;
  readonly mediaDirectory: string;
  readonly databasePath: string;
}

/** The same with the database on a server. */
export interface ServerPlace {
  readonly dataDirectory: string;
  readonly mediaDirectory: string;
  readonly server: SampleServer;
}

export interface Run {
  readonly words: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as it came; archives are no text. */
  readonly bytes: Buffer;
  readonly milliseconds: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: Buffer;
  /** Put in front of the program, e.g. `setpriv`. */
  readonly wrapper?: readonly string[];
}

export interface Started {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<Run>;
}

export interface Bench {
  readonly folder: string;
  /** TMPDIR of every run: what is left there was forgotten. */
  readonly temporary: string;
  /** A new empty directory below the scratch folder. */
  directory(name: string): string;
  build(options: SampleOptions): SampleInstance;
  /** The place of an installation that does not exist yet. Only the folder around it does. */
  emptyPlace(name: string): Place;
  /** A byte for byte copy of `data/` and `media/`, in a new folder. */
  copy(place: Place, name: string): Place;
  start(words: readonly string[], options?: RunOptions): Started;
  run(words: readonly string[], options?: RunOptions): Promise<Run>;
  /** Runs it and expects exit code 0 (or `code`). */
  done(words: readonly string[], options?: RunOptions & { readonly code?: number }): Promise<Run>;
}

export const isRoot = process.getuid?.() === 0;

/** Registers the removal of everything at the end of the test file. */
export function createBench(name: string): Bench {
  assertBuilt();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `dms-backup-e2e-${name}-`)));
  const [home, temporary, work] = ['home', 'tmp', 'work'].map((each) => join(folder, each)) as [
    string,
    string,
    string,
  ];
  for (const each of [home, temporary, work]) mkdirSync(each);
  let count = 0;
  const running = new Set<Started['child']>();
  afterAll(() => {
    // A run that hangs fails its test and must not outlive it.
    for (const child of running) child.kill('SIGKILL');
    execFileSync('chmod', ['-R', 'u+rwX', folder], { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  });
  const bench: Bench = {
    folder,
    temporary,
    directory(each) {
      const path = join(folder, `${each}-${++count}`);
      mkdirSync(path);
      return path;
    },
    build: (options) => buildPaperlessInstance(bench.directory('instance'), options),
    emptyPlace: (each) => placeIn(bench.directory(each)),
    copy(place, each) {
      const copy = bench.emptyPlace(each);
      execFileSync('cp', ['-a', place.dataDirectory, copy.dataDirectory]);
      execFileSync('cp', ['-a', place.mediaDirectory, copy.mediaDirectory]);
      return copy;
    },
    start(words, options = {}) {
      const command = [...(options.wrapper ?? []), process.execPath, program, ...words];
      const began = performance.now();
      const child = spawn(command[0] ?? '', command.slice(1), {
        cwd: options.cwd ?? work,
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          XDG_CONFIG_HOME: join(home, 'config'),
          XDG_DATA_HOME: join(home, 'data'),
          XDG_STATE_HOME: join(home, 'state'),
          XDG_CACHE_HOME: join(home, 'cache'),
          TMPDIR: temporary,
          NO_COLOR: '1',
          ...options.environment,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      running.add(child);
      const [out, err]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
      child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
      // The program may end before it has read everything, or anything.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.stdin);
      const ended = new Promise<Run>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => {
          running.delete(child);
          const bytes = Buffer.concat(out);
          resolve({
            words,
            code,
            signal,
            stdout: bytes.toString('utf8'),
            stderr: Buffer.concat(err).toString('utf8'),
            bytes,
            milliseconds: performance.now() - began,
          });
        });
      });
      return { child, ended };
    },
    run: (words, options) => bench.start(words, options).ended,
    async done(words, options = {}) {
      const run = await bench.run(words, options);
      expect(run.code, told(run)).toBe(options.code ?? 0);
      return run;
    },
  };
  return bench;
}

export function placeIn(folder: string): Place {
  return {
    dataDirectory: join(folder, 'data'),
    mediaDirectory: join(folder, 'media'),
    databasePath: join(folder, 'data', 'db.sqlite3'),
  };
}

/** For messages of failed assertions. */
export function told(run: Run): string {
  return `dms-backup ${run.words.join(' ')}: exit ${run.code ?? run.signal}\n${run.stdout.slice(-2000)}\n${run.stderr.slice(-2000)}`;
}

/** The flags that name every part of a place. */
export function flagsOf(place: Place | ServerPlace): string[] {
  const database = 'server' in place ? urlOf(place.server) : `sqlite://${place.databasePath}`;
  const directories = ['--data', place.dataDirectory, '--media', place.mediaDirectory];
  return ['--app', 'paperless', ...directories, '--database', database];
}

/** What `--database` takes. */
export function urlOf({ engine, user, host, port, database }: SampleServer): string {
  return `${engine}://${user}@${host}:${port}/${database}`;
}

/** The objects of `--json`, one per line; anything else on stdout is an error. */
export function jsonLines(run: Run): Record<string, unknown>[] {
  return run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The last line of `--json`: `result` or `error`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it looks at
export function lastJson<Shape = Record<string, unknown>>(run: Run): Shape & { type: string } {
  const last = jsonLines(run).at(-1);
  if (last === undefined) throw new Error(`no JSON on stdout: ${told(run)}`);
  return last as Shape & { type: string };
}

/** An archive of the place in a new folder. */
export async function makeArchive(
  bench: Bench,
  place: Place | ServerPlace,
  ...words: readonly string[]
): Promise<string> {
  const destination = bench.directory('archives');
  const run = await bench.done(['backup', ...flagsOf(place), ...words, destination]);
  return run.stdout.trimEnd();
}

/** Everything that a restore must bring back, and the bytes around it. */
export interface State {
  readonly database: SqliteDigest | ServerDigest | string;
  readonly data: TreeDigest;
  readonly media: TreeDigest;
}

export function stateOf(place: Place): State & { readonly database: SqliteDigest | string } {
  const name = basename(place.databasePath);
  return {
    database: existsSync(place.databasePath) ? digestSqlite(place.databasePath) : 'missing',
    data: treeOf(place.dataDirectory, (path) => path.startsWith(name)),
    media: treeOf(place.mediaDirectory),
  };
}

/** Empty when there is no such directory. */
export function treeOf(directory: string, skip?: (path: string) => boolean): TreeDigest {
  return existsSync(directory) ? digestTree(directory, skip) : new Map();
}

/** Every byte, name, mode and time below the folder; for "nothing was touched". Times of links count, too. */
export function bytesOf(folder: string): Record<string, string> {
  const tree = treeOf(folder);
  return Object.fromEntries(
    [...tree].map(([path, { kind, mode, mtimeNs, sha256, sizeBytes }]) => [
      path,
      // SQLite readers may touch the shared memory of a log; it holds nothing that lasts.
      path.endsWith('-shm')
        ? kind
        : `${kind} ${mode.toString(8)} ${mtimeNs} ${sizeBytes} ${sha256}`,
    ]),
  );
}

/** Resolves when the verb (with `--json`) has begun this phase, or has ended. */
export function phase(started: Started, name: string): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    started.child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes(`"phase":"${name}"`)) resolve();
    });
    started.child.on('exit', () => resolve());
  });
}

/** Names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder).toSorted();
}

/** What people see when the program works as it should, whatever the outcome. */
export function expectNoTrace(run: Run): void {
  expect(run.stderr, told(run)).not.toMatch(/^\s+at .+[:)]\d*/mu);
  expect(run.stdout + run.stderr, told(run)).not.toMatch(/this should not happen/u);
}

export interface Refusal {
  readonly exit: number;
  readonly code: string;
  readonly says: RegExp;
}

/** The command is refused, once for people and once for programs, and both say the same. */
export async function expectRefusal(
  bench: Bench,
  words: readonly string[],
  refusal: Refusal,
  options: RunOptions = {},
): Promise<void> {
  const human = await bench.run(words, options);
  expect(human.code, told(human)).toBe(refusal.exit);
  expect(human.stdout, told(human)).toBe('');
  expectNoTrace(human);
  expect(human.stderr, told(human)).toContain(`(${refusal.code}, exit ${refusal.exit})`);
  expect(human.stderr).toMatch(refusal.says);
  const run = await bench.run([...words, '--json'], options);
  const error = lastJson<{ code: string; exitCode: number; message: string; hint: string }>(run);
  expect(run.code, told(run)).toBe(refusal.exit);
  expect(error).toMatchObject({ type: 'error', code: refusal.code, exitCode: refusal.exit });
  expect(`${error.message} ${error.hint}`).toMatch(refusal.says);
  expect(error.message).not.toMatch(/\.$/u);
  // A sentence, or one that ends with the statements to run.
  expect(error.hint).toMatch(/^[A-Z`].+[.?;]$/su);
  expect(human.stderr).toContain(error.hint);
  expect(run.stdout).not.toContain('"stack"');
}

function works(command: string, ...words: readonly string[]): boolean {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0;
}

/** `tar --zstd` needs the program zstd. */
export const hasZstd = works('zstd', '--version');

/** Runs a program as somebody whom file modes stop: root keeps its name, but none of its powers. */
export const unprivileged: readonly string[] | undefined = !isRoot
  ? []
  : works('setpriv', '--bounding-set=-all', 'true')
    ? ['setpriv', '--bounding-set=-all', '--']
    : undefined;

/** Runs a shell script in a mount namespace of its own: mounts vanish with it. */
export const inNamespace: readonly string[] | undefined = works(
  'unshare',
  '-m',
  'sh',
  '-c',
  'mount -t tmpfs tmpfs /mnt',
)
  ? ['unshare', '-m', 'sh', '-euc']
  : undefined;
