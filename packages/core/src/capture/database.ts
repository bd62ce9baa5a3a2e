// Brings the database of a snapshot into the archive: schema, definitions, rows in chunks. Rows of tables that a rule leaves
// out are declared; tables that nobody knows are kept and reported.

import type { Adapter, Stamp, TableRule } from '../adapter.ts';
import {
  chunkPath,
  databaseSchemaPath,
  postDataPath,
  preDataPath,
  storagePath,
  tableFolder,
} from '../archive/database-part.ts';
import type { ArchivedSchema } from '../archive/database-part.ts';
import type { Seal } from '../archive/schema.ts';
import type { ArchiveWriter, OnEntry } from '../archive/writer.ts';
import type { DatabaseSchema, DatabaseSnapshot, Table } from '../database/engine.ts';
import { qualifiedName } from '../database/schema.ts';
import { assertNotAborted } from '../errors.ts';
import { throttledProgress } from '../events.ts';
import type { OnEvent } from '../events.ts';
import type { ExclusionList } from './exclusions.ts';

export interface TablePlan {
  readonly table: Table;
  readonly rule: TableRule | undefined;
  readonly keepRows: boolean;
}

/** An entry with rows, or with the storage lines of rows. */
interface ChunkEntry {
  readonly path: string;
  readonly content: Uint8Array;
}

/** Three chunks of the usual size: what one frame takes. */
const groupTargetBytes = 5 << 19;

/** What happens to each table; fills the declarations. */
export function planTables(
  adapter: Adapter,
  schema: DatabaseSchema,
  stamp: Stamp,
  excludeClasses: readonly string[],
  exclusions: ExclusionList,
): TablePlan[] {
  const rules = new Map(adapter.tables(schema, stamp).map((rule) => [rule.table, rule]));
  return schema.tables.map((table) => {
    const name = qualifiedName(table);
    const rule =
      rules.get(name) ??
      (isInDefaultSchema(table) ? rules.get(table.name) : undefined) ??
      extensionRule(table);
    const byUser = rule !== undefined && rule.keepRows && excludeClasses.includes(rule.class);
    const keepRows = rule === undefined || (rule.keepRows && !byUser);
    if (!keepRows) {
      exclusions.addTable(
        name,
        byUser ? { class: rule.class, reason: `--exclude-class ${rule.class}` } : rule,
      );
    }
    return { table, rule, keepRows };
  });
}

/** Nobody's word: rows that are not the extension's own keep the whole table, so that it comes back as it was. */
function extensionRule({ extension, ...table }: Table): TableRule | undefined {
  if (!extension) return undefined;
  return extension.ownRows
    ? { table: qualifiedName(table), class: 'essential', keepRows: true }
    : {
        table: qualifiedName(table),
        class: 'derived',
        keepRows: false,
        reason: `made by the extension '${extension.name}', which has no rows of others in it`,
      };
}

/**
 * Rules may name a table without its schema, so that one word serves all engines. In PostgreSQL that means `public`: a table
 * of the same name in another schema may be anything.
 */
function isInDefaultSchema(table: Table): boolean {
  return table.schema === undefined || table.schema === 'public';
}

/** Tables that no rule names. */
export function unknownTables(plans: readonly TablePlan[]): string[] {
  return plans.filter(({ rule }) => rule === undefined).map(({ table }) => qualifiedName(table));
}

/** `table.column` of every secret in clear that is kept. */
export function secretColumns(plans: readonly TablePlan[]): string[] {
  return plans
    .filter(({ keepRows }) => keepRows)
    .flatMap(({ table, rule }) =>
      (rule?.secretColumns ?? [])
        .filter((column) => table.columns.some(({ name }) => name === column))
        .map((column) => `${qualifiedName(table)}.${column}`),
    );
}

/** Writes all of the database part. Returns the tables for the seal. */
export async function archiveDatabase(
  snapshot: DatabaseSnapshot,
  plans: readonly TablePlan[],
  writer: ArchiveWriter,
  onEntry: OnEntry,
  context: { onEvent: OnEvent; signal?: AbortSignal },
): Promise<Seal['tables']> {
  const folders = plans.map(({ table }, number) => tableFolder(table, number));
  const schema: ArchivedSchema = {
    ...snapshot.schema,
    tables: plans.map(({ table, keepRows }, number) => ({
      ...table,
      folder: folders[number]!,
      keepRows,
    })),
  };
  const text = (path: string, content: string) =>
    writer.addMade({ path, content: Buffer.from(content) }, onEntry);
  await text(databaseSchemaPath, `${JSON.stringify(schema, null, 1)}\n`);
  await text(preDataPath, definitionsText(snapshot.schema, 'preData'));
  await text(postDataPath, definitionsText(snapshot.schema, 'postData'));

  const progress = throttledProgress(context.onEvent);
  const sealed: Seal['tables'] = [];
  let doneBytes = 0;
  let doneItems = 0;
  // tables are read side by side, their chunks are added in groups one after the other: a restore takes them in this order,
  // and changing the table costs the server more than a few chunks
  let turn = Promise.resolve();
  const addAfter = async (before: Promise<void>, group: readonly ChunkEntry[]): Promise<void> => {
    await before;
    for (const entry of group) await writer.addMade(entry, onEntry);
  };
  const copy = async (number: number): Promise<void> => {
    const { table, keepRows } = plans[number]!;
    if (!keepRows) {
      sealed[number] = { table: qualifiedName(table), keepRows, rows: 0, digest: emptyDigest };
      return;
    }
    const rows = snapshot.copyOut(table);
    let group: ChunkEntry[] = [];
    let [groupBytes, groupRows] = [0, 0];
    const addGroup = async (): Promise<void> => {
      doneBytes += groupBytes;
      doneItems += groupRows;
      const entries = group;
      [group, groupBytes, groupRows] = [[], 0, 0];
      turn = addAfter(turn, entries);
      await turn;
    };
    for (let chunk = 1; ; chunk++) {
      assertNotAborted(context.signal);
      const step = await rows.next();
      if (step.done) {
        await addGroup();
        sealed[number] = { table: qualifiedName(table), keepRows, ...step.value };
        return;
      }
      const { bytes, storage, rows: chunkRows } = step.value;
      group.push({ path: chunkPath(folders[number]!, chunk), content: bytes });
      if (storage) group.push({ path: storagePath(folders[number]!, chunk), content: storage });
      groupBytes += bytes.length;
      groupRows += chunkRows;
      if (groupBytes < groupTargetBytes) continue;
      await addGroup();
      progress({ phase: 'database', doneBytes, doneItems, items: 'rows' });
    }
  };
  await inParallel(plans.length, snapshot.parallelTables ?? 1, copy);
  progress({ phase: 'database', doneBytes, doneItems, items: 'rows' }, true);
  return sealed;
}

/** Runs `job` for 0 to `count` - 1, `lanes` at a time. After a failure nothing new is begun, and what runs is waited for. */
async function inParallel(
  count: number,
  lanes: number,
  job: (number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    try {
      while (next < count) await job(next++);
    } catch (error) {
      next = count;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Digest field of a table whose rows are not in the archive. */
const emptyDigest = '0'.repeat(64);

function definitionsText(schema: DatabaseSchema, part: 'preData' | 'postData'): string {
  // SQLite makes its own tables itself and refuses to be told
  const isOwn = (name: string) => schema.engine === 'sqlite' && name.startsWith('sqlite_');
  return schema[part]
    .filter(({ name }) => !isOwn(name))
    .map(({ sql }) => `${sql};\n`)
    .join('');
}
