// Builds a small Django project as it lies on disk: database, media root, a folder of private files, `.env`, a map of its file
// columns. The schema is what Django 5.2 itself made. Invariant: same options, same rows and files.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { createFileWriter } from '../file-writer.ts';

export interface DjangoOptions {
  /** Rows of archive_document. Default 12. */
  documents?: number;
  /** Adds rows whose files are missing or lie outside, and files that no row names. Default false. */
  traps?: boolean;
}

export interface DjangoInstance {
  readonly directory: string;
  readonly databasePath: string;
  readonly mediaDirectory: string;
  /** `.env` with DATABASE_URL, MEDIA_ROOT and SECRET_KEY. */
  readonly configPath: string;
  /** Maps archive_document.file, and the two columns of archive_revision to the document of the row. */
  readonly fileMapPath: string;
  /** Ids as the catalogue must have them, in its order. */
  readonly documentIds: readonly string[];
  /** `media/path` of files that rows need and that are not there. */
  readonly broken: readonly string[];
  /** Paths below the media root that look temporary. */
  readonly temporary: readonly string[];
  readonly secrets: readonly string[];
}

const secrets = {
  SECRET_KEY: 'planted-secret-key-5f1c',
  password: 'pbkdf2_sha256$1000000$planted$hash',
  session: 'planted-session-data-77aa',
} as const;

interface Schema {
  readonly tables: readonly string[];
  readonly indexes: readonly string[];
  readonly migrations: readonly string[];
}

/** `directory` must be empty or absent. */
export function buildDjangoInstance(
  directory: string,
  { documents = 12, traps = false }: DjangoOptions = {},
): DjangoInstance {
  const place = resolve(directory);
  mkdirSync(place, { recursive: true });
  const files = createFileWriter(join(place, 'media'));
  const broken = traps
    ? ['media/(outside)/(..)/outside.txt', 'media/(outside)/etc/passwd', 'media/documents/gone.txt']
    : [];
  const temporary = traps ? ['.DS_Store', 'documents/letter.txt~', 'documents/.upload-1'] : [];
  const names = Array.from({ length: documents }, (_, index) => `documents/2026/${index + 1}.txt`);
  for (const name of names) files.write(name, `content of ${name}`);
  for (const name of temporary) files.write(name, 'half an upload');
  if (traps) files.write('documents/orphan.txt', 'nobody names it');

  const rows: readonly (readonly [string, string])[] = [
    ...names.map((name, index) => [index === 4 ? '' : `Letter ${index + 1}`, name] as const),
    ...(traps
      ? ([
          ['Outside', '../outside.txt'],
          ['Absolute', '/etc/passwd'],
          ['Missing', 'documents/gone.txt'],
          ['No file', ''],
          ['Detour', 'documents/x/../2026/./1.txt'],
          ['Inside', join(place, 'media/documents/2026/2.txt')],
        ] as const)
      : []),
  ];
  const databasePath = join(place, 'db.sqlite3');
  const withRevisions = fillDatabase(databasePath, rows, (name, content) =>
    files.write(name, content),
  );
  files.finish();

  const configPath = join(place, '.env');
  writeFileSync(
    configPath,
    `# loaded by the settings\nSECRET_KEY='${secrets.SECRET_KEY}'\nDATABASE_URL=sqlite:///db.sqlite3\nMEDIA_ROOT=media\nDEBUG=off\n`,
  );
  const fileMapPath = join(place, 'file-map.json');
  const map = {
    'archive_document.file': { title: 'title' },
    'archive_revision.content': { document: 'document_id' },
    'archive_revision.preview': {},
  };
  writeFileSync(fileMapPath, `${JSON.stringify(map, null, 2)}\n`);
  writeFileSync(join(place, 'pyproject.toml'), '[project]\nname = "office"\nversion = "1.4.0"\n');
  return {
    directory: place,
    databasePath,
    mediaDirectory: join(place, 'media'),
    configPath,
    fileMapPath,
    documentIds: [
      ...rows.flatMap(([, name], index) => (name === '' ? [] : [`archive_document/${index + 1}`])),
      ...withRevisions.map((id) => `archive_revision/${id}`),
    ].toSorted(),
    broken,
    temporary,
    secrets: Object.values(secrets),
  };
}

/** Every third document has revisions. Returns the ids of those. */
function fillDatabase(
  path: string,
  documents: readonly (readonly [title: string, file: string])[],
  write: (path: string, content: string) => void,
): number[] {
  const schema = JSON.parse(
    readFileSync(join(import.meta.dirname, 'schema.json'), 'utf8'),
  ) as Schema;
  const database = new DatabaseSync(path);
  const now = '2026-03-04 05:06:07.890123';
  for (const sql of [...schema.tables, ...schema.indexes]) database.exec(sql);
  const insert = (table: string, ...values: (string | number | null)[]): void => {
    const places = values.map(() => '?').join(', ');
    database.prepare(`INSERT INTO "${table}" VALUES (${places})`).run(...values);
  };
  database.exec('BEGIN');
  for (const [index, migration] of schema.migrations.entries()) {
    const dot = migration.indexOf('.');
    insert('django_migrations', index + 1, migration.slice(0, dot), migration.slice(dot + 1), now);
  }
  insert('auth_user', 1, secrets.password, null, 1, 'anna', '', '', 1, 1, now, '');
  insert('django_session', 'abc', secrets.session, now);
  insert('archive_note', 1, 'a note', '{"a": 1}');
  insert('archive_portrait', '0123456789abcdef0123456789abcdef', null);
  const withRevisions: number[] = [];
  for (const [index, [title, file]] of documents.entries()) {
    const id = index + 1;
    insert('archive_document', id, title, file, now, 1);
    if (id % 3 !== 0) continue;
    withRevisions.push(id);
    for (const version of [1, 2]) {
      const content = `revisions/${id}-${version}.txt`;
      const preview = version === 2 ? `previews/${id}.txt` : '';
      write(content, `revision ${version} of ${id}`);
      if (preview !== '') write(preview, `preview of ${id}`);
      insert('archive_revision', null, content, preview, id);
    }
  }
  database.exec('COMMIT');
  database.close();
  return withRevisions;
}
