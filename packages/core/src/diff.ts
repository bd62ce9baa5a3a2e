// The verb `diff`: what changed between two archives, or between an archive and the live instance, in documents. Both
// catalogues are in the order of their ids, so they are read side by side, once, whatever their size.

import type { CatalogueDocument } from './adapter.ts';
import { RemovalCount, isRewritten } from './diff/alarm.ts';
import { compareDocuments } from './diff/compare-documents.ts';
import { openArchiveSide } from './diff/open-side.ts';
import type { OpenSide } from './diff/open-side.ts';
import { pairDocuments } from './diff/pair-documents.ts';
import { LiveSide } from './diff/side.ts';
import type { Side } from './diff/side.ts';
import { DmsBackupError } from './errors.ts';
import { findDatabase, findInstance } from './instance.ts';
import type { DiffOptions, DiffResult, DocumentChange, InstanceOptions } from './verb.ts';

/** Documents of each kind that the result lists; the counts have all. */
const listedDocuments = 10_000;

/** Throws what opening an archive and an instance throws, and `wrong-application` for archives of two applications. */
export async function diff(options: DiffOptions): Promise<DiffResult> {
  const before = await openArchiveSide(options);
  try {
    const after =
      typeof options.with === 'string'
        ? await openArchiveSide({ ...options, archive: options.with })
        : await openLive(options.with);
    try {
      assertSameApplication(before, after, options);
      return await compare(before, after, options);
    } finally {
      await after.close();
    }
  } finally {
    await before.close();
  }
}

async function openLive(options: InstanceOptions): Promise<OpenSide> {
  const instance = await findInstance(options);
  const { engine, location, connect } = await findDatabase(instance, options);
  const side = new LiveSide(
    options.adapter,
    instance,
    await engine.openSnapshot(location, connect),
  );
  const { name, title } = options.adapter;
  return { name: `live ${title}`, app: name, createdAt: null, side, close: () => side.close() };
}

function assertSameApplication(before: OpenSide, after: OpenSide, options: DiffOptions): void {
  const aliases = typeof options.with === 'string' ? [] : options.with.adapter.aliases;
  if (before.app === after.app || aliases.includes(before.app)) return;
  throw new DmsBackupError(
    'wrong-application',
    `'${before.name}' is of ${before.app}, '${after.name}' of ${after.app}`,
    { hint: 'Compare two states of one application.' },
  );
}

async function compare(
  before: OpenSide,
  after: OpenSide,
  { alarmRemoved, signal }: DiffOptions,
): Promise<DiffResult> {
  const lists: Record<DocumentChange['change'], DocumentChange[]> = {
    added: [],
    removed: [],
    changed: [],
  };
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  const removal = new RemovalCount();
  const note = (
    change: DocumentChange['change'],
    document: CatalogueDocument,
    fields: string[],
  ) => {
    counts[change]++;
    const { id, title, owner } = document;
    if (lists[change].length < listedDocuments)
      lists[change].push({ change, id, title, owner, fields });
  };
  for await (const { was, is } of pairDocuments(before, after, signal)) {
    if (was && is) {
      const fields = await compareDocuments(was, is, before.side, after.side);
      if (fields.length > 0) note('changed', is, fields);
      else counts.same++;
      const isOther =
        alarmRemoved !== undefined && (await isRewritten(was, is, before.side, after.side));
      removal.add(was, isOther ? 'rewritten' : 'there');
    } else if (was) {
      note('removed', was, []);
      removal.add(was, 'removed');
    } else if (is) note('added', is, []);
  }
  const removed = alarmRemoved === undefined ? null : removal.since(before, alarmRemoved);
  return {
    before: { name: before.name, createdAt: before.createdAt },
    after: { name: after.name, createdAt: after.createdAt },
    counts,
    documents: [...lists.removed, ...lists.added, ...lists.changed],
    tables: await compareTables(before.side, after.side),
    removal: removed,
    exitCode: removed?.isAlarm ? 3 : 0,
  };
}

/** Tables that both sides have rows of, where the number differs. */
async function compareTables(before: Side, after: Side): Promise<DiffResult['tables']> {
  const [was, is] = [await before.rows(), await after.rows()];
  return [...was].flatMap(([table, rows]) => {
    const now = is.get(table);
    return now === undefined || now === rows ? [] : [{ table, before: rows, after: now }];
  });
}
