// Papermerge 3.5 at work: a version is a file under an id of its own, written first; the row follows; both are never changed.

import { randomUUID } from 'node:crypto';

import type { HabitOptions, Habits } from './application.ts';
import { LaterFiles } from './later-files.ts';

const pathOf = (version: string, fileName: string): string =>
  `docvers/${version.slice(0, 2)}/${version.slice(2, 4)}/${version}/${fileName}`;

/** A row of `document_versions`, and the name that tells its content. */
export const papermergeFiles = {
  sql: `SELECT id AS name, file_name FROM document_versions WHERE file_name LIKE 'busy %'`,
  place: (row: Record<string, unknown>) => ({
    name: String(row['name']),
    path: pathOf(String(row['name']), String(row['file_name'])),
  }),
};

interface Version {
  readonly id: string;
  readonly fileName: string;
}

interface Document {
  readonly id: string;
  readonly versions: Version[];
}

export function papermergeHabits({ connection, mediaDirectory }: HabitOptions): Habits {
  const files = new LaterFiles(mediaDirectory);
  const documents = new Map<number, Document>();
  let moves = 0;
  let folders: { id: string; user: string }[] = [];
  const folderOf = (number: number) => folders[number % folders.length]!;

  const addVersion = async (document: Document, number: number, atOnce: () => Promise<void>) => {
    const id = randomUUID();
    const fileName = `busy ${number}.pdf`;
    const size = files.write(pathOf(id, fileName), id);
    const order = document.versions.length + 1;
    await connection.transaction(async () => {
      await atOnce();
      await connection.query(
        `INSERT INTO document_versions (id, number, file_name, document_id, lang, size, page_count, short_description) VALUES ($1, $2, $3, $4, 'deu', $5, 1, 'Original')`,
        [id, order, fileName, document.id, size],
      );
      await connection.query(
        `INSERT INTO pages (id, number, page_count, lang, document_version_id) VALUES ($1, 1, 1, 'deu', $2)`,
        [randomUUID(), id],
      );
    });
    document.versions.push({ id, fileName });
  };

  return {
    async begin() {
      const rows = await connection.query(
        `SELECT n.id, n.user_id FROM nodes n JOIN folders f ON f.node_id = n.id WHERE n.user_id IS NOT NULL ORDER BY n.id`,
      );
      folders = rows.map((row) => ({ id: String(row['id']), user: String(row['user_id']) }));
    },
    async add(number) {
      const document: Document = { id: randomUUID(), versions: [] };
      const { id: folder, user } = folderOf(number);
      await addVersion(document, number, async () => {
        await connection.query(
          `INSERT INTO nodes (id, title, ctype, lang, user_id, parent_id, created_at, updated_at) VALUES ($1, $2, 'document', 'deu', $3, $4, now(), now())`,
          [document.id, `busy ${number}`, user, folder],
        );
        await connection.query(
          `INSERT INTO documents (node_id, ocr, ocr_status) VALUES ($1, false, 'UNKNOWN')`,
          [document.id],
        );
      });
      documents.set(number, document);
    },
    async replace(number) {
      await addVersion(documents.get(number)!, number, async () => undefined);
    },
    async move(number) {
      const { id: folder, user } = folderOf(number + ++moves);
      await connection.query(
        `UPDATE nodes SET parent_id = $1, user_id = $2, title = title || '.', updated_at = now() WHERE id = $3`,
        [folder, user, documents.get(number)!.id],
      );
    },
    async remove(number) {
      const { id, versions } = documents.get(number)!;
      documents.delete(number);
      await connection.transaction(async () => {
        await connection.query(
          `DELETE FROM pages WHERE document_version_id IN (SELECT id FROM document_versions WHERE document_id = $1)`,
          [id],
        );
        for (const table of ['document_versions WHERE document_id', 'documents WHERE node_id'])
          await connection.query(`DELETE FROM ${table} = $1`, [id]);
        await connection.query(`DELETE FROM nodes WHERE id = $1`, [id]);
      });
      for (const version of versions) files.removeLater(pathOf(version.id, version.fileName), 3);
    },
    async end() {
      files.flush();
    },
  };
}
