// Program that fills a small sample instance of paperless-ngx with documents of wished sizes, and their rows.
// Started as `node build-instance.ts DIRECTORY FILLING`; the same words give the same bytes on every machine.

import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import type { Filling } from './filling.ts';

type Row = Record<string, SQLInputValue>;

const directory = process.argv[2] ?? '';
const filling = JSON.parse(process.argv[3] ?? '{}') as Filling;

/** Documents per folder, as a storage path by year and correspondent would give. */
const folderDocuments = 500;
const media = join(directory, 'media', 'documents');
const zeros = Buffer.alloc(64 * 1024 * 1024);
const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));

/** mulberry32 (public domain). */
let state = 1;
function random(limit: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
}

/** Words of three to ten letters: text from a scanner compresses to about a third, and so does this. */
const words = Array.from({ length: 4096 }, () =>
  Array.from({ length: 3 + random(8) }, () => 'etaoinshrdlucmfwypvbgkäöüß'[random(26)]).join(''),
);

function text(length: number): string {
  let made = '';
  while (made.length < length) made += `${words[random(4096)]}${random(12) === 0 ? '\n' : ' '}`;
  return made;
}

/** Bytes that do not compress. */
function noise(length: number): Buffer {
  return bytes.update(zeros.subarray(0, length));
}

function writeFile(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Inserts copies of a table's first row with other values in some columns. */
function copier(database: DatabaseSync, table: string): (changes: Row) => void {
  const columns = database.prepare(`PRAGMA table_xinfo("${table}")`).all();
  const names = columns.filter(({ hidden }) => hidden === 0).map(({ name }) => String(name));
  const first = database.prepare(`SELECT * FROM "${table}" LIMIT 1`).get() as Row;
  const list = names.map((name) => `"${name}"`).join(', ');
  const marks = names.map(() => '?').join(', ');
  const insert = database.prepare(`INSERT INTO "${table}" (${list}) VALUES (${marks})`);
  return (changes) => {
    insert.run(...names.map((name) => (name in changes ? changes[name]! : first[name]!)));
  };
}

function addDocuments(database: DatabaseSync): void {
  const { documents, originalBytes, thumbnailBytes, textBytes, tagsEach, auditRowsEach } = filling;
  const addDocument = copier(database, 'documents_document');
  const addTag = copier(database, 'documents_document_tags');
  const addAudit = copier(database, 'auditlog_logentry');
  const firstId = 1001;
  let tagRow = firstId;
  let auditRow = firstId;
  for (let id = firstId; id < firstId + documents; id++) {
    const stem = String(id).padStart(7, '0');
    const filename = `${Math.floor(id / folderDocuments)}/${stem}.pdf`;
    let checksum = createHash('sha256').update(stem).digest('hex');
    if (originalBytes) {
      const [least, most] = originalBytes;
      const original = noise(least + random(most - least + 1));
      checksum = createHash('sha256').update(original).digest('hex');
      writeFile(join(media, 'originals', filename), original);
      writeFile(join(media, 'thumbnails', `${stem}.webp`), noise(thumbnailBytes));
    }
    addDocument({
      id,
      checksum,
      filename,
      title: `${words[random(4096)]} ${id}`,
      content: text(textBytes),
      archive_serial_number: null,
      archive_filename: null,
      archive_checksum: null,
      original_filename: `scan ${id}.pdf`,
    });
    for (let tag = 1; tag <= tagsEach; tag++) {
      addTag({ id: tagRow++, document_id: id, tag_id: tag });
    }
    for (let entry = 0; entry < auditRowsEach; entry++) {
      const changes = JSON.stringify({ title: ['None', `${words[random(4096)]} ${entry}`] });
      addAudit({ id: auditRow++, object_pk: String(id), object_id: id, changes });
    }
  }
}

function addTextTable(database: DatabaseSync): void {
  database.exec('CREATE TABLE bench_text (id integer PRIMARY KEY, body text NOT NULL)');
  const insert = database.prepare('INSERT INTO bench_text (body) VALUES (?)');
  for (let row = 0; row < filling.textRows; row++) insert.run(text(filling.textBytes));
}

const database = new DatabaseSync(join(directory, 'data', 'db.sqlite3'));
// without a journal while it is filled; write-ahead afterwards, as paperless-ngx 3.x leaves it
database.exec('PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
database.exec('PRAGMA cache_size = -100000; BEGIN');
addDocuments(database);
if (filling.textRows > 0) addTextTable(database);
database.exec('COMMIT; PRAGMA journal_mode = WAL');
database.close();
