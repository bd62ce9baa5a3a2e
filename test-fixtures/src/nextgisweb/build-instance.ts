// Builds a small NextGIS Web instance: an empty database is filled, `sdir` and `config/` are written.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import pg from 'pg';

import { createFileWriter } from '../file-writer.ts';
import type { SampleServer } from '../paperless/sample-instance.ts';
import { fileObjectPath, fileObjects, layers, secrets, tileCache } from './names.ts';
import { resourceIds, revisionNames, rowSets } from './rows.ts';
import type { NextgiswebFile, NextgiswebInstance, NextgiswebOptions } from './sample-instance.ts';
import { schemaStatements } from './schema.ts';

/** `directory` must be empty or absent; the database of `server` (PostgreSQL) must be empty. */
export async function buildNextgiswebInstance(
  directory: string,
  options: NextgiswebOptions,
  server: SampleServer,
): Promise<NextgiswebInstance> {
  const root = resolve(directory);
  await fillDatabase(server, options);
  const since4 = options.appVersion !== '3.9.0';
  const files = fileObjects
    .filter(([, , , , role]) => since4 || role !== 'formerAttachment')
    .map(([id, component, uuid, resource, role, content]): NextgiswebFile => ({
      id,
      component,
      uuid,
      path: fileObjectPath(component, uuid),
      sizeBytes: Buffer.byteLength(content),
      resource,
      role,
    }));
  const surroundings = writeFiles(join(root, 'sdir'));
  const configPath = join(root, 'config/config.ini');
  writeConfiguration(configPath, server);
  return {
    appVersion: options.appVersion,
    directory: root,
    mediaDirectory: join(root, 'sdir'),
    configPath,
    server,
    files,
    resources: resourceIds(options.appVersion),
    revisions: revisionNames(options.appVersion),
    ...surroundings,
    secrets,
  };
}

async function fillDatabase(server: SampleServer, options: NextgiswebOptions): Promise<void> {
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query('BEGIN');
    for (const statement of schemaStatements(options)) await client.query(statement);
    await client.query('SET CONSTRAINTS ALL DEFERRED');
    for (const [table, columns, rows] of rowSets(options)) {
      const marks = columns.map((_, index) => `$${index + 1}`).join(', ');
      const insert = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`;
      for (const row of rows) await client.query(insert, [...row]);
    }
    await client.query("SELECT setval('principal_seq', 6), setval('srs_id_seq', 990001)");
    await client.query(`SELECT setval('vector_layer.layer_${layers.plain}_id_seq', 1)`);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

type Surroundings = Pick<NextgiswebInstance, 'derived' | 'kept' | 'orphans'>;

function writeFiles(sdir: string): Surroundings {
  const writer = createFileWriter(sdir);
  for (const [, component, uuid, , , content] of fileObjects) {
    writer.write(fileObjectPath(component, uuid), content);
  }
  const rasters = fileObjects.filter(([, component]) => component === 'raster_layer');
  const links = rasters.map(([, , uuid]) => `${uuid.slice(0, 2)}/${uuid.slice(2, 4)}/${uuid}`);
  for (const link of links) {
    writer.directory(dirname(`raster_layer/${link}`));
    symlinkSync(`../../../file_storage/raster_layer/${link}`, join(sdir, 'raster_layer', link));
  }
  const cache = `render/tile_cache/${tileCache.slice(0, 2)}/${tileCache.slice(2, 4)}/${tileCache}`;
  const derived = [
    `raster_layer/${links[1]}.ovr`,
    cache,
    `${cache}-wal`,
    'core/fontconfig/fonts.conf',
    'file_upload/2026-01-02/ab/cd/01a1fd9d613cc59270bd9a6ad93c0656.data',
    'file_upload/ab/cd/abcd2233445566778899aabbccddeeff.meta',
    'pyramid/secret',
  ];
  const kept = ['core/fontconfig/Sample-Font_1.ttf', 'qgis/own/readme.txt', 'render/notes.txt'];
  const orphans = ['file_storage/feature_attachment/ff/00/ff00112233445566778899aabbccddee'];
  for (const path of [...derived, ...kept, ...orphans]) writer.write(path, `content of ${path}`);
  writer.finish();
  return { derived: [...derived, ...links.map((link) => `raster_layer/${link}`)], kept, orphans };
}

function writeConfiguration(path: string, { host, port, user, database }: SampleServer): void {
  mkdirSync(dirname(path), { recursive: true });
  const text = [
    '; made for tests',
    '[environment]',
    'distribution.name = sample',
    'distribution.version = 9.9',
    '[core]',
    `database.host = ${host}`,
    `database.port = ${port}`,
    `database.name = ${database}`,
    `database.user = ${user}`,
    `database.password = ${secrets.databasePassword}`,
    'sdir = ${SAMPLE_SDIR:sdir}',
    'backup.path = backup',
    'backup.filename = sample-%Y%m%d-%H%M%S.ngwbackup',
    '[auth]',
    `oauth.client.secret = ${secrets.oauthClientSecret}`,
    '',
  ].join('\n');
  writeFileSync(path, text);
}
