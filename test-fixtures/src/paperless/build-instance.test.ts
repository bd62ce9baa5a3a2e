// What a sample instance promises: a sound database, files that match its rows, and the same result every time.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { digestSqlite } from '../digest-sqlite.ts';
import { digestTree } from '../digest-tree.ts';
import type { AppVersion } from '../data/paperless-facts.ts';
import { createScratchDirectories } from '../scratch-directory.ts';
import { buildPaperlessInstance } from './build-instance.ts';
import type { SampleInstance } from './sample-instance.ts';

const scratch = createScratchDirectories();

function hash(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function query(instance: SampleInstance, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(instance.databasePath, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

describe.each(['2.20.15', '3.0.5'] as const)('paperless-ngx %s', (appVersion: AppVersion) => {
  const isThree = appVersion === '3.0.5';
  const instance = buildPaperlessInstance(scratch(), { appVersion, traps: true });
  const { special } = instance;
  const byId = new Map(instance.documents.map((document) => [document.id, document]));
  const read = (path: string): Buffer => readFileSync(join(instance.mediaDirectory, path));
  const of = (ids: readonly number[]) => ids.map((id) => byId.get(id)!);

  test('has a sound database', () => {
    const digest = digestSqlite(instance.databasePath);
    expect(digest.integrityCheck).toBe('ok');
    expect(digest.foreignKeyViolations).toBe(0);
    expect(digest.pragmas.journal_mode).toBe(isThree ? 'wal' : 'delete');
    const counts = Object.entries(digest.tables).map(([name, { rowCount }]) => [name, rowCount]);
    expect(Object.fromEntries(counts)).toEqual(instance.rowCounts);
    expect(Object.keys(instance.rowCounts)).toHaveLength(isThree ? 74 : 72);
    expect(instance.rowCounts.documents_document).toBe(200);
    expect(digest.sequences.documents_document).toBeGreaterThan(instance.documents.at(-1)!.id);
  });

  test('has files that match the checksums of its rows', () => {
    const rows = query(instance, 'SELECT * FROM documents_document ORDER BY id');
    expect(rows).toHaveLength(instance.documents.length);
    for (const row of rows) {
      const document = byId.get(Number(row.id))!;
      expect(row.filename).toBe(document.filename);
      expect(row.checksum).toBe(document.original.checksum);
      expect(row.archive_checksum).toBe(document.pdfaCopy?.checksum ?? null);
      if (document.filename !== null) {
        expect(document.original.path).toBe(`documents/originals/${document.filename}`);
      }
      const files = [document.original, document.pdfaCopy].filter((file) => file !== null);
      for (const file of files) {
        const bytes = read(file.path);
        expect(bytes).toHaveLength(file.sizeBytes);
        expect(hash('sha256', bytes)).toBe(file.sha256);
        const algorithm = file.checksum.length === 64 ? 'sha256' : 'md5';
        const matches = hash(algorithm, bytes) === file.checksum;
        expect(matches).toBe(document.storageType === 'unencrypted' || file !== document.original);
      }
      expect(existsSync(join(instance.mediaDirectory, document.thumbnailPath))).toBe(
        document.thumbnailExists,
      );
    }
  });

  test('has well-formed files', () => {
    const start = (path: string, length: number): string =>
      read(path).toString('latin1', 0, length);
    for (const document of instance.documents) {
      const { original, pdfaCopy, mimeType, storageType } = document;
      const pdfs = [
        mimeType === 'application/pdf' && storageType !== 'gpg' ? original : null,
        pdfaCopy,
      ];
      for (const file of pdfs) {
        if (!file) continue;
        expect(start(file.path, 8)).toBe('%PDF-1.4');
        expect(read(file.path).toString('latin1')).toMatch(/startxref\n\d+\n%%EOF\n$/);
      }
      if (mimeType === 'image/png') expect(start(original.path, 4)).toBe('\x89PNG');
      if (document.thumbnailExists && storageType !== 'gpg') {
        expect(start(document.thumbnailPath, 16)).toMatch(/^RIFF.{4}WEBPVP8L$/s);
      }
    }
  });

  test('has the documents that backups get wrong', () => {
    expect(of(special.trashed).every((document) => document.trashed)).toBe(true);
    expect(special.trashed).toHaveLength(isThree ? 3 : 1);
    expect(of(special.missingThumbnail).map((document) => document.thumbnailExists)).toEqual([
      false,
    ]);
    const [nfd, nfc] = of(special.unicodeForms).map((document) => document.filename ?? '');
    expect(nfd).not.toBe(nfc);
    expect(nfd?.normalize('NFC')).toBe(nfc);
    expect(of(special.nullFilename).map((document) => document.original.path)).toEqual([
      'documents/originals/0000008.pdf',
      'documents/originals/0000009.png',
    ]);
    expect(of(special.zeroBytes).map((document) => document.original.sizeBytes)).toEqual([0]);
    expect(Buffer.byteLength(of(special.longPath)[0]!.filename!)).toBeGreaterThan(255);
    expect(of(special.equalTitles).map((document) => document.title)).toEqual([
      'Rechnung Strom',
      'Rechnung Strom',
    ]);
    expect(special.gpg).toHaveLength(isThree ? 0 : 1);
    expect(of(special.md5).map((document) => document.original.checksum.length)).toEqual(
      isThree ? [32] : [],
    );
    expect(
      new Set(of(special.equalChecksums).map((document) => document.original.checksum)).size,
    ).toBe(isThree ? 1 : 0);
    expect(of(special.documentVersions).map((document) => document.versionIndex)).toEqual(
      isThree ? [null, 1, 2] : [],
    );
    const titles = new Set(instance.documents.map((document) => document.title));
    expect(titles.size).toBeGreaterThan(150);
  });

  test('has a generated column that needs REGEXP', () => {
    const amounts = query(
      instance,
      'SELECT value_monetary, value_monetary_amount FROM documents_customfieldinstance WHERE document_id IN (1, 3, 4) AND value_monetary IS NOT NULL ORDER BY document_id',
    ).map((row) => Object.values(row));
    expect(amounts).toEqual([
      ['EUR12.50', 12.5],
      ['USD-1234.56', -1234.56],
      ['99', 99],
    ]);
    const database = new DatabaseSync(instance.databasePath, { readOnly: true });
    expect(() => database.exec(`VACUUM INTO '${scratch()}/copy.sqlite3'`)).toThrow('REGEXP');
    database.close();
    expect(
      digestSqlite(instance.databasePath).definitions[
        'table documents_customfieldinstance on documents_customfieldinstance'
      ],
    ).toContain('REGEXP');
  });

  test('lies in the documented places', () => {
    const data = digestTree(instance.dataDirectory);
    expect(data.has('log/paperless.log')).toBe(true);
    expect(data.has('.index_version')).toBe(!isThree);
    expect(data.get('scripts/post-consume.sh')?.mode).toBe(0o755);
    expect(readFileSync(join(instance.dataDirectory, 'log/paperless.log'), 'utf8')).toContain(
      `] [paperless.asgi] [init] Paperless-ngx version: v${appVersion}\n`,
    );
    const config = readFileSync(instance.configPath, 'utf8');
    expect(config).toMatch(/^PAPERLESS_DATA_DIR=\.\.\/data$/m);
    expect(config).toContain(instance.secrets.secretKey);
    for (const path of [instance.composePath, instance.environmentPath])
      expect(existsSync(path)).toBe(true);
    const media = digestTree(instance.mediaDirectory);
    for (const path of [
      ...instance.orphanPaths,
      ...instance.junkPaths,
      instance.logoPath,
      'media.lock',
    ]) {
      expect(media.has(path)).toBe(true);
    }
    expect(instance.bundles.map((bundle) => bundle.status)).toEqual(
      isThree ? ['ready', 'failed'] : [],
    );
    for (const { path } of instance.bundles) if (path !== null) expect(media.has(path)).toBe(true);
    const referenced = instance.documents.flatMap((document) => [
      document.original.path,
      ...(document.pdfaCopy ? [document.pdfaCopy.path] : []),
      ...(document.thumbnailExists ? [document.thumbnailPath] : []),
    ]);
    const files = [...media].filter(([, entry]) => entry.kind === 'file').length;
    const others = instance.orphanPaths.length + instance.junkPaths.length + 2;
    expect(files).toBe(new Set(referenced).size + others + (isThree ? 1 : 0));
  });

  test('keeps every planted secret in the database or the configuration', () => {
    const bytes = Buffer.concat([
      readFileSync(instance.databasePath),
      readFileSync(instance.configPath),
    ]).toString('utf8');
    for (const [name, secret] of Object.entries(instance.secrets)) {
      // JSON columns hold backslash and quote escaped; no planted JSON secret has one.
      expect(bytes.includes(secret), name).toBe(true);
    }
  });

  test('is the same for the same seed, and another for another', () => {
    const trees = [1, 1, 2].map((seed) => {
      const directory = scratch();
      buildPaperlessInstance(directory, {
        appVersion,
        seed,
        documents: 60,
        uncheckpointed: isThree,
      });
      return digestTree(directory);
    });
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[2]).not.toEqual(trees[0]);
  });
});

test('gives files times and modes that a careless copy loses', () => {
  const instance = buildPaperlessInstance(scratch(), { appVersion: '3.0.5', documents: 40 });
  const files = [...digestTree(instance.mediaDirectory).values()].filter(
    (entry) => entry.kind === 'file',
  );
  expect(new Set(files.map((entry) => entry.mode)).size).toBeGreaterThan(3);
  expect(files.filter((entry) => entry.mtimeNs % 1_000_000_000n === 0n)).toHaveLength(0);
});

test('leaves the last rows in the write-ahead log when asked to', () => {
  const options = { appVersion: '3.0.5', documents: 50 } as const;
  const settled = buildPaperlessInstance(scratch(), options);
  const pending = buildPaperlessInstance(scratch(), { ...options, uncheckpointed: true });
  expect(statSync(`${pending.databasePath}-wal`).size).toBeGreaterThan(0);
  expect(existsSync(`${settled.databasePath}-wal`)).toBe(false);
  const [whole, other] = [settled, pending].map(({ databasePath }) => digestSqlite(databasePath));
  expect(other).toEqual(whole);
  expect(pending.special.late).toHaveLength(2);

  const alone = join(scratch(), 'alone.sqlite3');
  const bytes = readFileSync(pending.databasePath);
  // Without its log the file must be marked as a rollback journal database to be readable (format version, bytes 18, 19).
  bytes.set([1, 1], 18);
  writeFileSync(alone, bytes);
  expect(digestSqlite(alone).tables.documents_document?.rowCount).toBe(48);
});

test('builds the smallest instance, and refuses options that contradict each other', () => {
  const small = buildPaperlessInstance(scratch(), { appVersion: '3.0.5', documents: 5 });
  expect(digestSqlite(small.databasePath).foreignKeyViolations).toBe(0);
  const refuse = (options: object): void => {
    expect(() => buildPaperlessInstance(scratch(), { appVersion: '2.20.15', ...options })).toThrow(
      RangeError,
    );
  };
  refuse({ documents: 4 });
  refuse({ uncheckpointed: true });
  refuse({ uncheckpointed: true, journalMode: 'wal', documents: 39 });
  expect(() => buildPaperlessInstance(small.directory, { appVersion: '3.0.5' })).toThrow(
    'not empty',
  );
});

test('puts a picture of the wanted size into PDF originals', () => {
  const instance = buildPaperlessInstance(scratch(), {
    appVersion: '3.0.5',
    documents: 5,
    scanBytes: 50_000,
  });
  expect(instance.documents[0]?.original.sizeBytes).toBeGreaterThan(50_000);
});
