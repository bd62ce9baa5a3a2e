// Makes the archives of test-fixtures/archives anew: `node apps/cli/test/golden/make.ts`, in a clone that is built. To be run
// once per format version; what it has made is never replaced (delete a file first, and say why in the commit).
// The archive of NextGIS Web needs a PostgreSQL server: PGHOST, PGPORT, PGUSER.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  buildDjangoInstance,
  buildNextgiswebInstance,
  buildPaperlessInstance,
  buildPapermergeInstance,
} from '@dms-backup/test-fixtures';
import type { SampleServer } from '@dms-backup/test-fixtures';
import { queryServer } from '@dms-backup/test-fixtures/servers';

import { program } from '../run-binary.ts';
import { defects } from './defects.ts';
import { goldenDirectory, goldens, pathOf } from './golden-archives.ts';
import type { Golden } from './golden-archives.ts';
import { restoredState } from './restored-state.ts';
import type { RestoredPlace } from './restored-state.ts';

const scratch = mkdtempSync(join(tmpdir(), 'golden-'));
const { PGHOST = '127.0.0.1', PGPORT = '5432', PGUSER = 'postgres' } = process.env;

function dmsBackup(...words: string[]): string {
  return execFileSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function database(name: string): Promise<SampleServer> {
  const server = { engine: 'postgres', host: PGHOST, port: Number(PGPORT), user: PGUSER } as const;
  await queryServer({ ...server, database: 'postgres' }, `DROP DATABASE IF EXISTS ${name}`);
  await queryServer(
    { ...server, database: 'postgres' },
    `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`,
  );
  return { ...server, database: name };
}

const urlOf = ({ database: name }: SampleServer): string =>
  `postgres://${PGUSER}@${PGHOST}:${PGPORT}/${name}`;

async function build({ name, app }: Golden): Promise<string[]> {
  const directory = join(scratch, name);
  mkdirSync(directory);
  if (app === 'paperless') {
    const { databasePath, mediaDirectory, dataDirectory } = buildPaperlessInstance(directory, {
      appVersion: '3.0.5',
      documents: 6,
    });
    return [
      '--database',
      `sqlite://${databasePath}`,
      '--media',
      mediaDirectory,
      '--data',
      dataDirectory,
    ];
  }
  if (app === 'papermerge') {
    const { databasePath, mediaDirectory } = buildPapermergeInstance(directory, {
      release: '3.4.1',
    });
    return ['--database', `sqlite://${databasePath}`, '--media', mediaDirectory];
  }
  if (app === 'nextgisweb') {
    const server = await database('dms_golden_source');
    const { mediaDirectory } = await buildNextgiswebInstance(
      directory,
      { appVersion: '5.5.0', postgis: false },
      server,
    );
    return ['--database', urlOf(server), '--media', mediaDirectory];
  }
  const { databasePath, mediaDirectory, fileMapPath } = buildDjangoInstance(directory);
  return [
    '--database',
    `sqlite://${databasePath}`,
    '--media',
    mediaDirectory,
    '--file-map',
    fileMapPath,
    '--app-version',
    '1.4.0',
  ];
}

for (const golden of goldens) {
  const archive = pathOf(golden);
  if (existsSync(archive)) continue;
  dmsBackup('backup', '--app', golden.app, ...(await build(golden)), archive);
  const target = join(scratch, `${golden.name} restored`);
  mkdirSync(target);
  const place: RestoredPlace = {
    database:
      golden.engine === 'sqlite' ? join(target, 'db.sqlite3') : await database('dms_golden_target'),
    directories: Object.fromEntries(
      ['media', ...golden.roots].map((root) => [root, join(target, root)]),
    ),
  };
  const url =
    typeof place.database === 'string' ? `sqlite://${place.database}` : urlOf(place.database);
  const roots = Object.entries(place.directories).flatMap(([root, directory]) => [
    `--${root}`,
    directory,
  ]);
  dmsBackup('restore', archive, '--app', golden.app, '--database', url, ...roots, '--yes');
  const { proof } = JSON.parse(dmsBackup('inspect', archive, '--json')) as {
    proof: { documents: number; documentsComplete: number };
  };
  const { documents, documentsComplete } = proof;
  const state = await restoredState(place);
  writeFileSync(
    join(goldenDirectory, `${golden.name}.json`),
    `${JSON.stringify({ documents, documentsComplete, state }, null, 1)}\n`,
  );
}

const sound = readFileSync(pathOf(goldens[1]!));
for (const { name, make } of defects) {
  const path = join(goldenDirectory, 'damaged', `${name}.tar.zst`);
  if (!existsSync(path)) writeFileSync(path, make(sound));
}
rmSync(scratch, { recursive: true });
