// Every row of `.ci/matrix.json`: an installation of that product, version and engine goes into an archive and comes back, every
// table and file compared without the program. The workflow `integration` runs the same rows, one job each.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  buildDjangoInstance,
  buildNextgiswebInstance,
  buildPaperlessInstance,
  buildPaperlessServerInstance,
  buildPapermergeInstance,
  buildPapermergeServerInstance,
} from '@dms-backup/test-fixtures';
import type {
  AppVersion,
  NextgiswebVersion,
  PapermergeRelease,
  SampleServer,
} from '@dms-backup/test-fixtures';
import { describe, expect, test, vi } from 'vitest';

import { createBench, expectNoTrace, lastJson, placeIn, stateOf, told, urlOf } from './bench.ts';
import type { Place, ServerPlace, State } from './bench.ts';
import { prove } from './proof.ts';
import type { Declaration } from './proof.ts';
import { createServerBench, serverNames, stateOfServer } from './server-bench.ts';

vi.setConfig({ testTimeout: 180_000 });
const bench = createBench('products');
const servers = createServerBench(bench);

interface Row {
  readonly product: 'paperless' | 'papermerge' | 'nextgisweb' | 'django';
  readonly version: string;
  readonly engine: 'sqlite' | 'postgres' | 'mariadb';
}

const matrix = join(import.meta.dirname, '../../../../.ci/matrix.json');
const rows = JSON.parse(readFileSync(matrix, 'utf8')) as Row[];

interface Installation {
  readonly place: Place | ServerPlace;
  /** Flags besides those of the place. */
  readonly more?: readonly string[];
  /** Documents whose files are not there. */
  readonly incomplete?: number;
}

async function install({ product, version, engine }: Row): Promise<Installation> {
  const directory = bench.directory('instance');
  const server = engine === 'sqlite' ? undefined : await databaseOn(engine);
  if (product === 'paperless') {
    const options = { appVersion: version as AppVersion, documents: 12 };
    return server
      ? { place: await buildPaperlessServerInstance(directory, options, server) }
      : { place: buildPaperlessInstance(directory, options) };
  }
  if (product === 'papermerge') {
    const options = { release: version as PapermergeRelease, more: 5 };
    const built = server
      ? await buildPapermergeServerInstance(directory, server, options)
      : buildPapermergeInstance(directory, options);
    return { place: placeOf(built.directory, built.mediaDirectory, built.databasePath, server) };
  }
  if (product === 'nextgisweb') {
    const options = { appVersion: version as NextgiswebVersion, postgis: false };
    const built = await buildNextgiswebInstance(directory, options, server!);
    return { place: placeOf(directory, built.mediaDirectory, null, server) };
  }
  const built = buildDjangoInstance(directory);
  return {
    place: placeOf(directory, built.mediaDirectory, built.databasePath, undefined),
    more: ['--file-map', built.fileMapPath, '--app-version', '1.4.0'],
  };
}

async function databaseOn(engine: 'postgres' | 'mariadb'): Promise<SampleServer> {
  return await servers.database(engine === 'postgres' ? 'PostgreSQL 18' : 'MariaDB');
}

/** Products other than paperless-ngx have no data directory. */
function placeOf(
  directory: string,
  mediaDirectory: string,
  databasePath: string | null,
  server: SampleServer | undefined,
): Place | ServerPlace {
  const dataDirectory = join(directory, 'no data');
  return server
    ? { dataDirectory, mediaDirectory, server }
    : { dataDirectory, mediaDirectory, databasePath: databasePath ?? '' };
}

function wordsOf({ product }: Row, place: Place | ServerPlace, more: readonly string[]): string[] {
  const database = 'server' in place ? urlOf(place.server) : `sqlite://${place.databasePath}`;
  const data = product === 'paperless' ? ['--data', place.dataDirectory] : [];
  const words = ['--app', product, '--database', database, '--media', place.mediaDirectory];
  return [...words, ...data, ...more];
}

async function lookAt(place: Place | ServerPlace): Promise<State> {
  return 'server' in place ? await stateOfServer(place) : stateOf(place);
}

interface Inspected {
  readonly manifest: { readonly stamp: { appVersion: string | null; range: unknown } };
  readonly proof: { readonly documents: number; readonly documentsComplete: number };
  readonly excluded: Declaration[];
}

// Without MariaDB the run says so at its end (server-bench).
const here = rows.filter(({ engine }) => engine !== 'mariadb' || serverNames.includes('MariaDB'));

describe.each(here)('$product $version on $engine', (row) => {
  test('comes back as it was', async () => {
    const { place, more = [] } = await install(row);
    const before = await lookAt(place);
    const destination = bench.directory('archives');
    const words = wordsOf(row, place, more);
    const made = await bench.done(['backup', ...words, destination]);
    const archive = made.stdout.trimEnd();
    await bench.done(['verify', archive]);
    const found = lastJson<Inspected>(await bench.done(['inspect', archive, '--json']));
    const { documents, documentsComplete } = found.proof;
    expect(documents).toBeGreaterThan(3);
    expect(documentsComplete).toBe(documents);
    expectVersion(row, found.manifest.stamp);

    const folder = bench.directory('target');
    const empty = placeIn(folder);
    const target: Place | ServerPlace =
      'server' in place
        ? { ...empty, server: await databaseOn(place.server.engine) }
        : { ...empty, databasePath: join(folder, 'restored.sqlite3') };
    const restored = await bench.run(['restore', archive, ...wordsOf(row, target, more), '--yes']);
    expect(restored.code, told(restored)).toBe(0);
    expectNoTrace(restored);
    const after = await lookAt(target);
    const proof = prove(withoutDatabaseFile(before), withoutDatabaseFile(after), found.excluded);
    expect(proof.differences).toEqual([]);
    expect(proof.equalRows).toBeGreaterThan(20);
    expect(proof.equalFiles).toBeGreaterThan(3);
    expect(existsSync(target.mediaDirectory)).toBe(true);
  });
});

/** The version itself, or a range that has it. */
function expectVersion({ product, version }: Row, stamp: Inspected['manifest']['stamp']): void {
  if (product === 'django') expect(stamp.appVersion).toBe('1.4.0');
  else if (stamp.appVersion !== null) expect(stamp.appVersion).toBe(version);
  else expect(JSON.stringify(stamp.range)).toContain(version.split('.').slice(0, 2).join('.'));
}

/** Where paperless-ngx keeps its database file, the restored one has another name. */
function withoutDatabaseFile(state: State): State {
  const data = [...state.data].filter(([path]) => !/^(db|restored)\.sqlite3/u.test(path));
  return { ...state, data: new Map(data) };
}
