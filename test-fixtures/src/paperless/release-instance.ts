// Builds a small paperless-ngx instance of any release since 1.7.0: its tables as they were then, its applied migrations, and a
// few documents with all their files. `build-instance.ts` makes thorough ones, of two releases only.
// Sources: fact sheet sections 3 and 4 (names of files, previews, checksums by release).

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { writePdf } from '../content/pdf.ts';
import { writePng } from '../content/png.ts';
import { writeWebp } from '../content/webp.ts';
import { isSince, migrationsAt, tablesAt, type MigrationPath } from '../data/paperless-history.ts';
import { createFileWriter, type FileWriter } from '../file-writer.ts';
import { editDatabase } from '../write-ahead-log.ts';
import { createSchema, registerRegexp } from './create-schema.ts';
import { createRowWriter, type Row, type RowWriter } from './row-writer.ts';

export interface PaperlessReleaseInstance {
  readonly release: string;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly mediaDirectory: string;
  /** `data/db.sqlite3`, absolute. */
  readonly databasePath: string;
  /** As `app.name`, sorted. */
  readonly migrations: readonly string[];
  readonly tables: readonly string[];
  /** Without document versions. */
  readonly documents: number;
  /** Every file that a row names, relative to the media root, sorted. */
  readonly files: readonly string[];
}

interface DocumentPlan {
  readonly id: number;
  readonly title: string;
  readonly filename: string | null;
  /** Below `documents/originals`. */
  readonly nameOnDisk: string;
  readonly hasPdfaCopy?: boolean;
  readonly isEncrypted?: boolean;
  readonly isTrashed?: boolean;
  readonly rootId?: number;
  readonly algorithm: 'md5' | 'sha256';
}

/** Makes `data/` and `media/` below `directory`. @throws RangeError for a release that is not known. */
export function buildPaperlessRelease(
  directory: string,
  release: string,
  path: MigrationPath,
): PaperlessReleaseInstance {
  const root = resolve(directory);
  const tables = tablesAt(release);
  const migrations = migrationsAt(release, path);
  const plans = plansFor(release);
  const media = createFileWriter(join(root, 'media'));
  const data = createFileWriter(join(root, 'data'));
  const rows: Row[] = [];
  const files: string[] = [];
  for (const plan of plans) {
    const written = writeFiles(media, release, plan);
    rows.push(written.row);
    files.push(...written.files);
  }
  const databasePath = join(root, 'data', 'db.sqlite3');
  const prepare = (database: DatabaseSync): void => {
    registerRegexp(database);
    database.exec('PRAGMA synchronous = OFF');
  };
  editDatabase(databasePath, false, prepare, (database) => {
    createSchema(database, tables);
    const version = isSince(release, '3.0.0') ? '3.0.5' : '2.20.15';
    const writer = createRowWriter(database, version, tables);
    writeMigrations(writer, migrations);
    writeNames(writer, release);
    for (const row of rows) writer.insert('documents_document', row);
    writer.insertAll('documents_document_tags', [{ document_id: 1, tag_id: 1 }]);
  });
  for (const writer of [media, data]) writer.finish();
  return {
    release,
    directory: root,
    dataDirectory: join(root, 'data'),
    mediaDirectory: join(root, 'media'),
    databasePath,
    migrations,
    tables: tables.map(({ name }) => name),
    documents: plans.filter(({ rootId }) => rootId === undefined).length,
    files: files.toSorted(),
  };
}

/** One document of each kind that the release has. */
function plansFor(release: string): DocumentPlan[] {
  const isThree = isSince(release, '3.0.0');
  const algorithm = isThree ? 'sha256' : 'md5';
  const named = (id: number, title: string, filename: string): DocumentPlan => ({
    id,
    title,
    filename,
    nameOnDisk: filename,
    algorithm,
  });
  return [
    { ...named(1, 'Rechnung', '2021/Rechnung.pdf'), hasPdfaCopy: true },
    named(2, 'Notiz', 'Notiz.pdf'),
    {
      id: 3,
      title: 'Ohne Namen',
      filename: null,
      nameOnDisk: '0000003.pdf',
      algorithm,
    },
    // rows whose file was missing during the upgrade to 3.0 kept their MD5; before, rows could be encrypted
    isThree
      ? { ...named(4, 'Alte Prüfsumme', 'alt.pdf'), algorithm: 'md5' }
      : { ...named(4, 'Geheim', 'geheim.pdf.gpg'), isEncrypted: true },
    ...(isSince(release, '2.10.0')
      ? [{ ...named(5, 'Gelöscht', 'weg.pdf'), isTrashed: true }]
      : []),
    ...(isThree ? [{ ...named(6, 'Rechnung', '2021/Rechnung_v1.pdf'), rootId: 1 }] : []),
  ];
}

function writeFiles(
  media: FileWriter,
  release: string,
  plan: DocumentPlan,
): { row: Row; files: string[] } {
  const { id, title, isEncrypted = false } = plan;
  const content = writePdf({ title, lines: [`Dokument ${id}`] });
  const copy = writePdf({ title, lines: ['PDF/A', `Dokument ${id}`] });
  const original = `documents/originals/${plan.nameOnDisk}`;
  const pdfaCopy = plan.hasPdfaCopy ? plan.nameOnDisk : null;
  const preview = previewOf(release, id, isEncrypted);
  // the checksum of an encrypted document is that of its plain content
  media.write(original, isEncrypted ? Buffer.from(content.toReversed()) : content);
  if (pdfaCopy !== null) media.write(`documents/archive/${pdfaCopy}`, copy);
  media.write(preview, isSince(release, '1.8.0') ? writeWebp(id) : blackPixel());
  return {
    files: [original, preview, ...(pdfaCopy === null ? [] : [`documents/archive/${pdfaCopy}`])],
    row: {
      id,
      title,
      content: 'text',
      mime_type: 'application/pdf',
      checksum: digest(plan.algorithm, content),
      archive_checksum: pdfaCopy === null ? null : digest(plan.algorithm, copy),
      archive_filename: pdfaCopy,
      filename: plan.filename,
      created: isSince(release, '2.16.0') ? '2021-02-03' : '2021-02-03 00:00:00',
      storage_type: isEncrypted ? 'gpg' : 'unencrypted',
      correspondent_id: 1,
      owner_id: 1,
      deleted_at: plan.isTrashed ? '2026-10-01 08:00:00.123456' : null,
      root_document_id: plan.rootId ?? null,
      version_index: plan.rootId === undefined ? null : 1,
    },
  };
}

/** 1.7 made PNG; 1.8 WebP; the ones of encrypted documents were converted by 1.17. */
function previewOf(release: string, id: number, isEncrypted: boolean): string {
  const since = isEncrypted ? '1.17.0' : '1.8.0';
  const ending = `${isSince(release, since) ? 'webp' : 'png'}${isEncrypted ? '.gpg' : ''}`;
  return `documents/thumbnails/${String(id).padStart(7, '0')}.${ending}`;
}

function blackPixel(): Buffer {
  return writePng(1, 1, Buffer.alloc(3));
}

function digest(algorithm: 'md5' | 'sha256', content: Buffer): string {
  return createHash(algorithm).update(content).digest('hex');
}

function writeMigrations(writer: RowWriter, migrations: readonly string[]): void {
  writer.insertAll(
    'django_migrations',
    migrations.map((each) => {
      const dot = each.indexOf('.');
      return { app: each.slice(0, dot), name: each.slice(dot + 1) };
    }),
  );
}

function writeNames(writer: RowWriter, release: string): void {
  writer.insertAll('auth_user', [{ username: 'anna', is_active: true }]);
  writer.insertAll('documents_correspondent', [{ name: 'Stadtwerke', owner_id: 1 }]);
  writer.insertAll('documents_tag', [{ name: 'Eingang', color: '#a6cee3', owner_id: 1 }]);
  const remark = { document_id: 1, user_id: 1 };
  if (isSince(release, '1.14.0')) {
    writer.insertAll('documents_note', [{ ...remark, note: 'bezahlt' }]);
  } else if (isSince(release, '1.9.0')) {
    writer.insertAll('documents_comment', [{ ...remark, comment: 'bezahlt' }]);
  }
}
