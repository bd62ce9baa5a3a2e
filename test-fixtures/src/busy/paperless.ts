// paperless-ngx 3.0 at work: every change of files happens under `media.lock`; a row becomes visible after its files, a file goes
// after its row, and a document that is moved is renamed (shared/products/paperless.md section 4).

import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { contentOf, type HabitOptions, type Habits } from './application.ts';
import { openMediaLock } from './media-lock.ts';

/** Above all ids of the sample. */
const firstId = 1_000_000;

const thumbnailOf = (id: number): string => `documents/thumbnails/${id}.webp`;

/** A row of `documents_document`, and the name that tells its content. */
export const paperlessFiles = {
  sql: `SELECT id AS name, filename, checksum FROM documents_document WHERE id >= ${firstId}`,
  place: (row: Record<string, unknown>) => ({
    name: String(row['name']),
    path: `documents/originals/${String(row['filename'])}`,
    sha256: String(row['checksum']),
    besides: thumbnailOf(Number(row['name'])),
  }),
};

interface Stored {
  readonly id: number;
  fileName: string;
}

export function paperlessHabits({ connection, mediaDirectory }: HabitOptions): Habits {
  const lock = openMediaLock(join(mediaDirectory, 'media.lock'));
  /** The document itself, then its versions. */
  const documents = new Map<number, Stored[]>();
  let [lastId, moves] = [firstId, 0];
  const originalOf = ({ fileName }: Stored) =>
    join(mediaDirectory, 'documents/originals', fileName);

  const store = async (number: number, root: number | null, index: number | null) => {
    const id = ++lastId;
    const stored = { id, fileName: `busy/${number % 97}/${id}.pdf` };
    const content = contentOf(String(id));
    await lock.during(async () => {
      mkdirSync(dirname(originalOf(stored)), { recursive: true });
      writeFileSync(originalOf(stored), content);
      writeFileSync(join(mediaDirectory, thumbnailOf(id)), content.subarray(0, 500));
      const sha256 = createHash('sha256').update(content).digest('hex');
      await connection.query(
        `INSERT INTO documents_document (id, title, content, mime_type, checksum, created, modified, added, filename, root_document_id, version_index) VALUES ($1, $2, '', 'application/pdf', $3, CURRENT_DATE, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, $4, $5, $6)`,
        [id, `busy ${number}`, sha256, stored.fileName, root, index],
      );
    });
    return stored;
  };

  return {
    async begin() {
      await connection.query(`SELECT 1`);
    },
    async add(number) {
      documents.set(number, [await store(number, null, null)]);
    },
    async replace(number) {
      const all = documents.get(number)!;
      all.push(await store(number, all[0]!.id, all.length));
    },
    async move(number) {
      const [stored] = documents.get(number)!;
      const former = originalOf(stored!);
      await lock.during(async () => {
        stored!.fileName = `busy/moved ${++moves % 31}/${stored!.id} ${moves}.pdf`;
        mkdirSync(dirname(originalOf(stored!)), { recursive: true });
        renameSync(former, originalOf(stored!));
        await connection.query(
          `UPDATE documents_document SET filename = $1, modified = CURRENT_TIMESTAMP WHERE id = $2`,
          [stored!.fileName, stored!.id],
        );
        removeEmpty(dirname(former));
      });
    },
    async remove(number) {
      const all = documents.get(number)!;
      documents.delete(number);
      await lock.during(async () => {
        await connection.transaction(async () => {
          for (const { id } of all.toReversed())
            await connection.query(`DELETE FROM documents_document WHERE id = $1`, [id]);
        });
        for (const stored of all) {
          rmSync(originalOf(stored));
          rmSync(join(mediaDirectory, thumbnailOf(stored.id)));
          removeEmpty(dirname(originalOf(stored)));
        }
      });
    },
    async end() {
      await lock.close();
    },
  };
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // not empty: other documents lie there
  }
}
