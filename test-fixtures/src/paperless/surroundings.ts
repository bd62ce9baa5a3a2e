// Everything of an instance that is neither a row nor a document's file: configuration, the derived and ephemeral parts of
// the data directory, logo, lock, and on request files that no row names.
// Sources: paperless-ngx 2.20.15 / 3.0.5, fact sheet sections 1 (log line), 2 (configuration) and 4 (data directory).

import type { AppVersion } from '../data/paperless-facts.ts';
import type { FileWriter } from '../file-writer.ts';
import type { Random } from '../random.ts';
import type { SampleServer } from './sample-instance.ts';

export const LOGO_PATH = 'logo/marke ä.svg';
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><path d="M0 0h4v4H0z"/></svg>\n';

/** Releases that the log names before the present one. */
const EARLIER: Record<AppVersion, string> = { '2.20.15': '2.20.14', '3.0.5': '2.20.15' };

/** Names as NAS, sync and desktop programs leave them; no application reads them. */
const JUNK = [
  '.stfolder/syncthing-folder.txt',
  'documents/.DS_Store',
  'documents/archive/Thumbs.db',
  'documents/originals/._0000003.pdf',
  'documents/originals/desktop.ini',
  'documents/originals/@eaDir/0000003.pdf@SynoEAStream',
];
/** Files that look like documents and have no row; `trash/` is PAPERLESS_EMPTY_TRASH_DIR. */
const ORPHANS = [
  'documents/originals/Waise Ä.pdf',
  'documents/originals/alt/Waise 2.pdf',
  'documents/archive/2019/Waise.pdf',
  'documents/thumbnails/0099999.webp',
  'documents/thumbnails/0000004.png',
  'trash/2019 Alte Rechnung.pdf',
];

/** The data directory, without the database. */
export function writeDataDirectory(data: FileWriter, appVersion: AppVersion): void {
  const isThree = appVersion === '3.0.5';
  data.write(
    'log/paperless.log',
    logText(EARLIER[appVersion], '10-02') + logText(appVersion, '11-03'),
  );
  data.write('log/paperless.log.1', logText(EARLIER[appVersion], '09-01'));
  data.write('log/mail.log', '');
  if (isThree) {
    data.write('index/.index_settings.json', '{}\n');
    data.write('index/meta.json', '{"segments": []}\n');
    data.write('llm_index/llmindex.db', 'stand-in for a vector store\n');
  } else {
    data.write('index/_MAIN_7.toc', 'stand-in for a table of contents\n');
    data.write('index/MAIN_a1b2.seg', 'stand-in for a segment\n');
    data.write('.index_version', '9\n');
  }
  data.write(
    'classification_model.pickle',
    Buffer.from('\x80\x04 stand-in for a classifier\n', 'latin1'),
  );
  data.write('celerybeat-schedule.db', 'stand-in for a schedule\n');
  data.write('migration_lock', '');
  data.write('scripts/post-consume.sh', '#!/bin/sh\necho "consumed $DOCUMENT_ID"\n', 0o755);
  data.write('certificates/own ca.pem', 'stand-in for a certificate\n', 0o600);
}

function logText(appVersion: string, day: string): string {
  return [
    `[2026-${day} 03:00:02,123] [INFO] [paperless.asgi] [init] Paperless-ngx version: v${appVersion}`,
    `[2026-${day} 03:05:00,004] [DEBUG] [paperless.tasks] sample line, nothing happened`,
    '',
  ].join('\n');
}

/** Logo, lock and, with `traps`, junk and orphans. Returns the paths of the latter. */
export function writeMediaSurroundings(
  media: FileWriter,
  traps: boolean,
): { orphanPaths: string[]; junkPaths: string[] } {
  media.write('media.lock', '');
  media.write(LOGO_PATH, LOGO);
  if (!traps) return { orphanPaths: [], junkPaths: [] };
  for (const path of JUNK) media.write(path, `junk ${path}\n`);
  for (const path of ORPHANS) media.write(path, `orphan ${path}\n`);
  return { orphanPaths: [...ORPHANS], junkPaths: [...JUNK] };
}

/** `paperless.conf` for bare metal, compose file and environment file for containers. Returns the secrets in them. */
export function writeConfiguration(
  config: FileWriter,
  appVersion: AppVersion,
  random: Random,
  traps: boolean,
  server?: SampleServer,
): Record<string, string> {
  const isThree = appVersion === '3.0.5';
  const database = databaseSettings(isThree, server);
  const secrets: Record<string, string> = { secretKey: `sample-secret-key-${random.hex(40)}` };
  if (server?.password) secrets.databasePassword = server.password;
  if (!isThree) secrets.passphrase = `sample-passphrase-${random.hex(16)}`;
  const common = [
    `PAPERLESS_SECRET_KEY="${secrets.secretKey}"`,
    ...(secrets.passphrase ? [`PAPERLESS_PASSPHRASE='${secrets.passphrase}'`] : []),
    'PAPERLESS_URL=http://127.0.0.1:8000',
    ...(server ? [] : ['#PAPERLESS_DBHOST=db']),
  ];
  config.write(
    'paperless.conf',
    [
      '# sample for bare metal; relative paths count from the directory src, a sibling of this one',
      '',
      'PAPERLESS_REDIS=redis://127.0.0.1:6379',
      ...Object.entries(database).map(([name, value]) => `${name}=${value}`),
      'PAPERLESS_DATA_DIR=../data',
      'PAPERLESS_MEDIA_ROOT=../media',
      ...(traps ? ['PAPERLESS_EMPTY_TRASH_DIR=../media/trash'] : []),
      'export PAPERLESS_TIME_ZONE=Europe/Berlin  # as in Cologne',
      "PAPERLESS_OCR_LANGUAGE='deu+eng'",
      ...common,
      '',
    ].join('\n'),
  );
  config.write(
    'docker-compose.env',
    ['USERMAP_UID=1000', 'USERMAP_GID=1000', ...common, ''].join('\n'),
  );
  config.write('docker-compose.yml', composeText(appVersion, database));
  config.write('.env', 'COMPOSE_PROJECT_NAME=paperless\n');
  return secrets;
}

/** 3.x wants the engine named; earlier releases take PAPERLESS_DBHOST for PostgreSQL, and DBENGINE for MariaDB. */
function databaseSettings(
  isThree: boolean,
  server: SampleServer | undefined,
): Record<string, string> {
  const settings: Record<string, string> = {};
  if (isThree || server?.engine === 'mariadb')
    settings.PAPERLESS_DBENGINE =
      server === undefined
        ? 'sqlite'
        : { postgres: 'postgresql', mariadb: 'mariadb' }[server.engine];
  if (!server) return settings;
  return {
    ...settings,
    PAPERLESS_DBHOST: server.host,
    PAPERLESS_DBPORT: String(server.port),
    PAPERLESS_DBNAME: server.database,
    PAPERLESS_DBUSER: server.user,
    ...(server.password && { PAPERLESS_DBPASS: server.password }),
  };
}

/** Bind mounts instead of named volumes, so that the paths lead to this instance without Docker. */
function composeText(appVersion: AppVersion, database: Record<string, string>): string {
  const lines = Object.entries(database).map(
    ([name, value]) =>
      `      ${name}: ${/^[\w.-]+$/.test(value) ? value : JSON.stringify(value)}\n`,
  );
  return `# sample for containers
services:
  broker:
    image: redis:8
    volumes:
      - redisdata:/data
  webserver:
    image: ghcr.io/paperless-ngx/paperless-ngx:${appVersion}
    depends_on: [broker]
    ports: ["127.0.0.1:8000:8000"]
    env_file: docker-compose.env
    environment:
      PAPERLESS_REDIS: redis://broker:6379
${lines.join('')}    volumes:
      - ../data:/usr/src/paperless/data
      - ../media:/usr/src/paperless/media
      - ./consume:/usr/src/paperless/consume
volumes:
  redisdata:
`;
}
