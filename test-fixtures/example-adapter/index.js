// Mayan EDMS for dms-backup: an example of an adapter that somebody else writes. Facts from the package mayan-edms 4.12.2 on
// PyPI: models Document and DocumentFile, documents/literals.py (folders), settings/base.py (database), checksum_update.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defineAdapter, qualifiedName } from '@dms-backup/core';
import * as kit from '@dms-backup/core/adapter-kit';

const storage = 'document_file_storage';

/** Flags, then MAYAN_MEDIA_ROOT; without a database server Mayan keeps `db.sqlite3` in the media root. */
async function configure({ given, environment, workingDirectory }) {
  const { database, appVersion } = given;
  const source = given.media ? '--media' : 'MAYAN_MEDIA_ROOT';
  const media = given.media ?? environment['MAYAN_MEDIA_ROOT'];
  const directory = media && resolve(workingDirectory, media);
  const path = directory && join(directory, 'db.sqlite3');
  const standard = path && existsSync(path) && { engine: 'sqlite', path };
  const value = database ?? standard;
  return {
    ...(value && { database: { value, source: database ? '--database' : `default in ${source}` } }),
    roots: directory ? [{ name: 'media', directory, source, required: true }] : [],
    ...(appVersion && { appVersion: { value: appVersion, source: '--app-version' } }),
    settings: [],
    secrets: [{ name: 'MAYAN_SECRET_KEY', source: 'environment, else system/SECRET_KEY' }],
    lookedAt: path ? [{ place: path, found: existsSync(path) }] : [],
    warnings: [],
  };
}

async function stamp(database, { appVersion }) {
  return {
    appVersion: appVersion?.value ?? null,
    range: null,
    foundBy: appVersion ? 'stated by --app-version' : 'not found: state it with --app-version',
    evidence: appVersion ? [{ source: appVersion.source, says: appVersion.value }] : [],
    migrations: await kit.readDjangoMigrations(database),
    migrationState: 'unknown',
    warnings: [],
  };
}

/** Tables without a rule are kept and reported. */
function tables(schema) {
  return schema.tables.flatMap((each) => {
    const rule = { table: qualifiedName(each), class: 'essential', keepRows: true };
    const reason = 'sessions: users log in again';
    if (each.name === 'django_session')
      return { ...rule, class: 'ephemeral', keepRows: false, reason };
    if (each.name === 'auth_user') return { ...rule, secretColumns: ['password'] };
    return each.name.startsWith('documents_') ? rule : [];
  });
}

function classify(_root, path) {
  if (path.startsWith(`${storage}/`)) return { class: 'essential', keep: true };
  const isCache = /^document_(?:file|version)_page_image_cache\//.test(path);
  return { class: isCache ? 'derived' : 'unknown', keep: true, standalone: true };
}

/** One row per file of a document; a document without files (interrupted upload) has one, too. */
async function* fileRows(database) {
  if (!database.has('documents_documentfile', 'document_id', 'file', 'checksum', 'size')) return;
  const rows = database.query(`SELECT d."id", d."label", d."datetime_created", d."in_trash",
    f."id" AS "file_id", f."file", f."filename", f."checksum", f."size"
    FROM "documents_document" d LEFT JOIN "documents_documentfile" f ON f."document_id" = d."id"
    ORDER BY d."id", f."timestamp", f."id"`);
  for await (const row of rows) {
    // Names are UUIDs; what leads elsewhere becomes a path that cannot exist.
    const parts = kit.text(row, 'file').split('/');
    const safe = parts.map((part) => (/^\.{0,2}$/.test(part) ? `(${part})` : part));
    const file = { role: 'original', root: 'media', path: [storage, ...safe].join('/') };
    yield { row, id: kit.text(row, 'id'), files: row.file_id === null ? [] : [file] };
  }
}

async function* references(database) {
  for await (const { row, id, files } of fileRows(database)) {
    const sha256 = { algorithm: 'sha256', value: kit.text(row, 'checksum') };
    for (const file of files) {
      yield {
        ...file,
        class: 'essential',
        documentId: id,
        documentTitle: kit.text(row, 'label'),
        checksum: /^[0-9a-f]{64}$/.test(sha256.value) ? sha256 : null,
        sizeBytes: kit.numberOrNull(row.size),
      };
    }
  }
}

async function* documents(database) {
  const unknown = ['added', 'modified', 'owner', 'correspondent', 'documentType'];
  let document;
  for await (const { row, id, files } of fileRows(database)) {
    if (document && document.id !== id) yield document;
    if (document?.id !== id) {
      document = { ...Object.fromEntries(unknown.map((each) => [each, null])), id };
      Object.assign(document, { title: kit.text(row, 'label'), trashed: Boolean(row.in_trash) });
      Object.assign(document, { tags: [], folder: [], documentVersions: [], extra: {} });
      document.created = kit.timestampText(database.engine, row.datetime_created);
    }
    const version = { id: kit.text(row, 'file_id'), label: kit.textOrNull(row.filename), files };
    document.documentVersions.push(version);
  }
  if (document) yield document;
}

/** Sets of migrations, never versions: Mayan migrates an older database at its start. */
function compatibility(archive, target) {
  const answer = (verdict, explanation) => ({ verdict, explanation, steps: [] });
  if (target === null) return answer('same', 'the target is empty');
  const missing = archive.migrations.filter((name) => !target.migrations.includes(name));
  const more = target.migrations.filter((name) => !archive.migrations.includes(name));
  if (missing.length > 0 && more.length > 0) return answer('unknown', 'other migrations');
  if (missing.length > 0) return answer('too-new', `the target lacks ${missing.join(', ')}`);
  if (more.length > 0) return answer('migrates', `the archive lacks ${more.join(', ')}`);
  return answer('same', 'the same migrations');
}

const members = { configure, stamp, tables, classify, references, documents, compatibility };
export const adapter = defineAdapter({
  contractVersion: 1,
  name: 'mayan',
  title: 'Mayan EDMS',
  aliases: ['mayan-edms'],
  engines: ['sqlite', 'postgres', 'mariadb'],
  supportedVersions: '4.12',
  ...members,
  restoreNotes: () => ({ steps: ['Run `mayan-edms.py search_reindex`.'], createDirectories: [] }),
});
