// Backups of applications that go on working: after each one the archive is verified, restored into an empty place, and every row
// there must have its file with the right content. A few seconds by default. For longer, with a table of what was seen:
//
//   DMS_RACE_SECONDS=60 DMS_RACE_RATES=20,100 DMS_RACE_DOCUMENTS=2000 pnpm exec vitest run apps/cli/test/e2e/race.test.ts

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  buildNextgiswebInstance,
  buildPaperlessInstance,
  buildPapermergeServerInstance,
  judgeBusy,
  startBusy,
} from '@dms-backup/test-fixtures';
import type { BusyOptions, BusyStatistics, SampleServer } from '@dms-backup/test-fixtures';
import { findPostgis } from '@dms-backup/test-fixtures/servers';
import { afterAll, describe, expect, test, vi } from 'vitest';

import { createBench, lastJson, told, urlOf } from './bench.ts';
import { createServerBench } from './server-bench.ts';

const seconds = Number(process.env['DMS_RACE_SECONDS'] ?? 8);
const rates = (process.env['DMS_RACE_RATES'] ?? '50').split(',').map(Number);
const documents = Number(process.env['DMS_RACE_DOCUMENTS'] ?? 300);
/** Nobody waits longer for a document to be stored: seconds of a request, before users complain. */
const longestWaitMs = 5000;

vi.setConfig({ testTimeout: (seconds + 240) * 1000 });
const bench = createBench('race');
const servers = createServerBench(bench);
const postgis = await findPostgis();

/** Where an installation is. */
interface Ground {
  readonly database: BusyOptions['database'];
  readonly mediaDirectory: string;
  readonly dataDirectory?: string;
}

interface Layout {
  readonly product: BusyOptions['product'];
  build(directory: string): Promise<Ground>;
  /** An empty place. */
  empty(directory: string): Promise<Ground>;
}

async function onPostgres(): Promise<SampleServer> {
  return postgis
    ? await servers.databaseOn({ engine: 'postgres', ...postgis })
    : await servers.database('PostgreSQL 18');
}

const onServer = async (directory: string): Promise<Ground> => ({
  database: await onPostgres(),
  mediaDirectory: join(directory, 'media'),
});

/** A rollback journal lets readers keep writers waiting, a write-ahead log does not: both are in use. */
function paperless(journalMode: 'wal' | 'delete'): Layout {
  return {
    product: 'paperless',
    async build(directory) {
      const options = { appVersion: '3.0.5', documents: 8, journalMode } as const;
      const { databasePath, ...built } = buildPaperlessInstance(directory, options);
      return { ...built, database: databasePath };
    },
    empty: async (directory) => ({
      database: join(directory, 'data/db.sqlite3'),
      mediaDirectory: join(directory, 'media'),
      dataDirectory: join(directory, 'data'),
    }),
  };
}

const layouts: Readonly<Record<string, Layout>> = {
  'paperless-ngx 3.0.5 on SQLite (wal)': paperless('wal'),
  'paperless-ngx 3.0.5 on SQLite (delete)': paperless('delete'),
  'Papermerge 3.5.3 on PostgreSQL': {
    product: 'papermerge',
    async build(directory) {
      const database = await onPostgres();
      const options = { release: '3.5.3' } as const;
      const { mediaDirectory } = await buildPapermergeServerInstance(directory, database, options);
      return { database, mediaDirectory };
    },
    empty: onServer,
  },
  [`NextGIS Web 5.5.0 on ${postgis ? 'PostGIS' : 'PostgreSQL'}`]: {
    product: 'nextgisweb',
    async build(directory) {
      const database = await onPostgres();
      const options = { appVersion: '5.5.0', postgis: postgis !== undefined } as const;
      const { mediaDirectory } = await buildNextgiswebInstance(directory, options, database);
      return { database, mediaDirectory };
    },
    empty: onServer,
  },
};

function wordsOf({ product }: Layout, { database, mediaDirectory, dataDirectory }: Ground) {
  const url = typeof database === 'string' ? `sqlite://${database}` : urlOf(database);
  const data = dataDirectory === undefined ? [] : ['--data', dataDirectory];
  return ['--app', product, '--database', url, '--media', mediaDirectory, ...data];
}

interface Round {
  readonly exitCode: number | null;
  readonly backupMs: number;
  readonly rows: number;
  readonly missing: readonly string[];
  readonly corrupt: readonly string[];
}

interface Made {
  readonly path: string;
  readonly proof: { readonly exceptionsListed: unknown };
  readonly warnings: readonly string[];
}

async function backUp(layout: Layout, source: Ground): Promise<Round> {
  const [archives, restored] = [bench.directory('archives'), bench.directory('target')];
  const made = await bench.run(['backup', ...wordsOf(layout, source), '--json', archives]);
  // an archive with exit code 3 is looked at, too: what is it that it lacks?
  expect([0, 3], told(made)).toContain(made.code);
  const { path, proof, warnings } = lastJson<Made>(made);
  expect(made.code, JSON.stringify({ warnings, exceptions: proof.exceptionsListed })).toBe(0);
  await bench.done(['verify', path]);
  const target = await layout.empty(restored);
  await bench.done(['restore', path, ...wordsOf(layout, target), '--yes']);
  const judged = await judgeBusy(layout.product, target.database, target.mediaDirectory);
  for (const each of [archives, restored]) rmSync(each, { recursive: true });
  return { exitCode: made.code, backupMs: made.milliseconds, ...judged };
}

const report: string[] = [];
afterAll(() => {
  if (process.env['DMS_RACE_SECONDS'] !== undefined) process.stdout.write(`${report.join('\n')}\n`);
});

function summary(title: string, rounds: readonly Round[], done: BusyStatistics): string {
  const sum = (count: (round: Round) => number) => rounds.map(count).reduce((a, b) => a + b, 0);
  const { operations, longestMs, failures } = done;
  return [
    `${title}: ${rounds.length} rounds, backup ${Math.round(sum((one) => one.backupMs) / rounds.length)} ms`,
    `${operations} operations, ${failures.length} failed, longest ${longestMs} ms`,
    `${sum(({ rows }) => rows)} rows, ${sum(({ missing }) => missing.length)} missing`,
    `${sum(({ corrupt }) => corrupt.length)} corrupt`,
    `exit codes ${[...new Set(rounds.map(({ exitCode }) => exitCode))].join(' ')}`,
  ].join('; ');
}

describe.each(Object.entries(layouts))('%s', (name, layout) => {
  test.each(rates)('at %i operations per second every archive is whole', async (rate) => {
    const source = await layout.build(bench.directory('source'));
    const { database, mediaDirectory } = source;
    const { product } = layout;
    const busy = await startBusy({ product, database, mediaDirectory, documents, rate });
    const rounds: Round[] = [];
    try {
      const until = performance.now() + seconds * 1000;
      do {
        await sleep(200);
        rounds.push(await backUp(layout, source));
      } while (performance.now() < until);
      const done = await busy.stop();
      report.push(summary(`${name} at ${rate}/s`, rounds, done));
      expect(done.failures).toEqual([]);
      expect(done.longestMs).toBeLessThan(longestWaitMs);
      expect(done.operations).toBeGreaterThan(seconds);
    } finally {
      busy.kill();
    }
    for (const { missing, corrupt, rows } of rounds) {
      expect({ missing, corrupt }).toEqual({ missing: [], corrupt: [] });
      expect(rows).toBeGreaterThan(documents / 2);
    }
    // the source itself is what it should be, or the test proves nothing
    const { missing, corrupt } = await judgeBusy(product, database, mediaDirectory);
    expect({ missing, corrupt }).toEqual({ missing: [], corrupt: [] });
  });
});
