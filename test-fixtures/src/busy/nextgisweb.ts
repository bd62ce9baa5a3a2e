// NextGIS Web 5.5 at work: attachments of features. A file is written once, before its row of `fileobj`; another file in its
// place is another row; the file of a row that is gone stays until the maintenance finds it.

import { randomUUID } from 'node:crypto';

import type { HabitOptions, Habits } from './application.ts';
import { LaterFiles } from './later-files.ts';

const component = 'feature_attachment';
const mimeType = 'application/x-busy';
/** Above all ids of the sample. */
const firstId = 1_000_000;

const pathOf = (uuid: string): string =>
  `file_storage/${component}/${uuid.slice(0, 2)}/${uuid.slice(2, 4)}/${uuid}`;

/** A row of `fileobj`, and the name that tells its content. */
export const nextgiswebFiles = {
  sql: `SELECT f.uuid AS name FROM fileobj f WHERE f.id >= ${firstId}`,
  place: (row: Record<string, unknown>) => ({
    name: String(row['name']),
    path: pathOf(String(row['name'])),
  }),
};

export function nextgiswebHabits({ connection, mediaDirectory }: HabitOptions): Habits {
  const files = new LaterFiles(mediaDirectory);
  const uuids = new Map<number, { readonly id: number; readonly uuid: string }>();
  let lastId = firstId;
  let moves = 0;
  let resources: number[] = [];

  const addFile = async (atOnce: (id: number) => Promise<void>) => {
    const [id, uuid] = [++lastId, randomUUID().replaceAll('-', '')];
    const size = files.write(pathOf(uuid), uuid);
    await connection.transaction(async () => {
      await connection.query(
        `INSERT INTO fileobj (id, component, uuid, size) VALUES ($1, $2, $3, $4)`,
        [id, component, uuid, size],
      );
      await atOnce(id);
    });
    return { id, uuid };
  };

  return {
    async begin() {
      const rows = await connection.query(`SELECT id FROM vector_layer ORDER BY id`);
      resources = rows.map((row) => Number(row['id']));
    },
    async add(number) {
      const added = await addFile(async (id) => {
        await connection.query(
          `INSERT INTO feature_attachment (resource_id, feature_id, extension_id, fileobj_id, name, mime_type) VALUES ($1, 1, $2, $3, $4, $5)`,
          [
            resources[number % resources.length]!,
            firstId + number,
            id,
            `busy ${number}.jpg`,
            mimeType,
          ],
        );
      });
      uuids.set(number, added);
    },
    async replace(number) {
      const former = uuids.get(number)!;
      const added = await addFile(async (id) => {
        await connection.query(
          `UPDATE feature_attachment SET fileobj_id = $1 WHERE extension_id = $2`,
          [id, firstId + number],
        );
        await connection.query(`DELETE FROM fileobj WHERE id = $1`, [former.id]);
      });
      uuids.set(number, added);
      files.removeLater(pathOf(former.uuid), 0);
    },
    async move(number) {
      await connection.query(
        `UPDATE feature_attachment SET resource_id = $1, name = 'moved ' || name WHERE extension_id = $2`,
        [resources[(number + ++moves) % resources.length]!, firstId + number],
      );
    },
    async remove(number) {
      const { id, uuid } = uuids.get(number)!;
      uuids.delete(number);
      await connection.transaction(async () => {
        await connection.query(`DELETE FROM feature_attachment WHERE extension_id = $1`, [
          firstId + number,
        ]);
        await connection.query(`DELETE FROM fileobj WHERE id = $1`, [id]);
      });
      files.removeLater(pathOf(uuid), 0);
    },
    async end() {
      files.flush();
    },
  };
}
