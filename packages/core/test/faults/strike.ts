// Watches the steps of a verb that change something outside of the process (file system, SQLite files, a PostgreSQL server) and
// strikes at one of them: the call fails, or the process is killed. It stands before the functions of Node and of `pg`, so the
// program has no hook for it, and a new step is seen without anybody thinking of it.

import type * as fileSystem from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';
import pg from 'pg';

/** What is to happen at which step. */
export interface Strike {
  /** Number of the step in this thread, from 0; in another thread than the main one the first of this name. */
  readonly at: number | string;
  readonly when: 'before' | 'after';
  readonly how: 'fail' | 'kill';
}

export interface Watch {
  /** Only what lies below this folder counts; names are told relative to it. */
  readonly base: string;
  /** Steps are also appended to this file, for threads and processes that end without a word. */
  readonly list?: string;
  readonly strike?: Strike;
}

type Call = (...values: unknown[]) => unknown;

// the object itself: an import gives names that cannot be set
const fs = createRequire(import.meta.url)('node:fs') as typeof fileSystem;
const real = { ...fs };
/** Of files that were opened for writing. */
const opened = new Map<number, string>();

let stands = false;
let watched: Watch | undefined;
let steps: string[] = [];

/** Starts to watch. Ends with {@link unwatch}. */
export function watch(what: Watch): void {
  if (!stands) standBefore();
  stands = true;
  watched = what;
  steps = [];
}

/** The steps since {@link watch}, in order. */
export function unwatch(): string[] {
  watched = undefined;
  return steps;
}

/** What a disk says that fails; the tests look for it. */
const failure = () => Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5 });

/** Undefined: nothing is to happen here. */
function noted(step: string): Strike | undefined {
  const name = isMainThread ? step : `thread: ${step}`;
  // the same once more: how often depends on how bytes come, and the first stands for all
  if (watched === undefined || steps.at(-1) === name) return undefined;
  const number = steps.push(name) - 1;
  if (watched.list !== undefined) real.appendFileSync(watched.list, `${name}\n`);
  const { strike } = watched;
  if (typeof strike?.at === 'string')
    return strike.at === name && steps.indexOf(name) === number ? strike : undefined;
  return isMainThread && strike?.at === number ? strike : undefined;
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
  // another thread may have been the one that the signal reached first
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function strikeNow({ how }: Strike): never {
  if (how === 'kill') kill();
  throw failure();
}

function around<Result>(step: string | undefined, work: () => Result): Result {
  const strike = step === undefined ? undefined : noted(step);
  if (strike?.when === 'before') strikeNow(strike);
  const result = work();
  if (strike?.when === 'after') strikeNow(strike);
  return result;
}

function nameOf(path: unknown): string {
  if (typeof path === 'number') return opened.get(path) ?? '';
  return Buffer.isBuffer(path) ? path.toString() : String(path);
}

/** The step in words that are the same in every run; undefined when it concerns nothing below the base. */
function stepOf(call: string, ...paths: readonly unknown[]): string | undefined {
  const base = watched?.base;
  const names = paths.map(nameOf);
  if (base === undefined || !names.some((name) => name === base || name.startsWith(`${base}/`)))
    return undefined;
  const short = names.map(
    (name) => name.slice(base.length + 1).replace(/(?<=lock-)[0-9a-f]{16}/, 'ID') || '.',
  );
  return `${call.replace('Sync', '')} ${short.join(' -> ')}`;
}

const onePath = [
  'unlinkSync',
  'rmdirSync',
  'mkdirSync',
  'writeSync',
  'fsyncSync',
  'chmodSync',
  'chownSync',
  'lchownSync',
  'utimesSync',
  'lutimesSync',
  'fchmodSync',
  'fchownSync',
  'futimesSync',
];
const twoPaths = ['renameSync', 'linkSync', 'copyFileSync'];

function standBefore(): void {
  for (const name of onePath) replace(name, ([path]) => stepOf(name, path));
  for (const name of twoPaths) replace(name, ([from, to]) => stepOf(name, from, to));
  replace('symlinkSync', ([, path]) => stepOf('symlinkSync', path));
  // nothing happens to what is not there
  replace('rmSync', ([path]) =>
    real.existsSync(path as string) ? stepOf('rmSync', path) : undefined,
  );
  fs.openSync = (path, flags, mode) => {
    const writes = typeof flags === 'number' ? (flags & 3) !== 0 : /[wa+]/u.test(flags ?? 'r');
    return around(writes ? stepOf('open', path) : undefined, () => {
      const fd = real.openSync(path, flags, mode);
      opened.set(fd, nameOf(path));
      return fd;
    });
  };
  fs.closeSync = (fd) => {
    opened.delete(fd);
    real.closeSync(fd);
  };
  syncBuiltinESMExports();
  standBeforeSqlite();
  standBeforePostgres();
}

function replace(name: string, step: (values: readonly unknown[]) => string | undefined): void {
  const calls = fs as unknown as Record<string, Call>;
  const original = calls[name]!;
  calls[name] = (...values) => around(step(values), () => original(...values));
}

function standBeforeSqlite(): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the database that it belongs to
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function run(sql) {
    const path = this.location();
    const step = path === null ? undefined : stepOf(`sqlite ${firstWords(sql)}`, path);
    return around(step, () => exec.call(this, sql));
  };
}

/** Tables come in any order, so COPY is one step for all of them. */
const firstWords = (sql: string): string =>
  sql
    .trim()
    .split(/\s+/u)
    .slice(0, sql.startsWith('COPY ') ? 1 : 2)
    .join(' ');

/** Statements that only look; a failure there is one of the statement that follows. */
const looking =
  /^(SELECT (?!.*txid_current\(\))|WITH|SHOW|SET|DECLARE|FETCH|CLOSE|SAVEPOINT|RELEASE|ROLLBACK TO|BEGIN ISOLATION)/isu;

/** A server does not fail like a disk: the connection to it breaks, and nobody says whether the statement was done. */
function standBeforePostgres(): void {
  const prototype = pg.Client.prototype as unknown as { query: Call };
  const { query } = prototype;
  prototype.query = function send(this: pg.Client, ...values) {
    const [given] = values as [string | { text?: string }];
    const sql = (typeof given === 'string' ? given : (given.text ?? '')).trim();
    const watching = watched !== undefined && sql !== '' && !looking.test(sql);
    const strike = watching ? noted(`sql ${firstWords(sql)}`) : undefined;
    const breakOff = () => {
      if (strike?.how === 'kill') kill();
      (
        this as unknown as { connection: { stream: { destroy(): void } } }
      ).connection.stream.destroy();
    };
    if (strike?.when === 'before') breakOff();
    const result = query.apply(this, values);
    if (strike?.when !== 'after') return result;
    if (!(result instanceof Promise)) {
      breakOff();
      return result;
    }
    return result.then(() => {
      breakOff();
      throw new Error('Connection terminated unexpectedly');
    });
  };
}

// in a child, and in its threads, the order comes with the environment
const order = process.env['DMS_TEST_WATCH'];
if (order !== undefined) watch(JSON.parse(order) as Watch);
