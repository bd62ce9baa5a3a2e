// Small instances of every release: the rows are there, and every file that a row names exists with the recorded checksum.

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, expect, test } from 'vitest';

import { paperlessRanges } from '../data/paperless-history.ts';
import { buildPaperlessRelease } from './release-instance.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-release-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each(paperlessRanges)('$from - $to', ({ from, to }) => {
  for (const path of ['upgraded', 'fresh'] as const) {
    const release = path === 'fresh' ? from : to;
    const built = buildPaperlessRelease(mkdtempSync(join(scratch, 'at-')), release, path);
    const database = new DatabaseSync(built.databasePath, { readOnly: true });
    const names = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all()
      .map(({ name }) => String(name));
    expect(names.toSorted()).toEqual(built.tables);
    const migrations = database
      .prepare("SELECT app || '.' || name AS name FROM django_migrations")
      .all()
      .map(({ name }) => String(name));
    expect(migrations.toSorted()).toEqual(built.migrations);
    const rows = database.prepare('SELECT * FROM documents_document').all();
    const roots = rows.filter((row) => (row['root_document_id'] ?? null) === null);
    expect(roots).toHaveLength(built.documents);
    for (const row of rows) {
      if (row['storage_type'] === 'gpg' || row['filename'] === null) continue;
      const file = join(built.mediaDirectory, 'documents/originals', String(row['filename']));
      const algorithm = String(row['checksum']).length === 32 ? 'md5' : 'sha256';
      const found = createHash(algorithm).update(readFileSync(file)).digest('hex');
      expect(found, file).toBe(row['checksum']);
    }
    for (const file of built.files) expect(existsSync(join(built.mediaDirectory, file))).toBe(true);
    expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    database.close();
  }
});
