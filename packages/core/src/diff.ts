// The verb `diff`: what changed between two archives, or between an archive and the live instance, in documents. Both
// catalogues are in the order of their ids, so they are read side by side, once, whatever their size.

import type { CatalogueDocument } from './adapter.ts';
import { compareDocuments } from './diff/compare-documents.ts';
import { compareIds } from './diff/document-order.ts';
import { ArchiveSide, LiveSide } from './diff/side.ts';
import type { Side } from './diff/side.ts';
import { DmsBackupError, assertNotAborted } from './errors.ts';
import { findDatabase, findInstance } from './instance.ts';
import { openNamedArchive } from './named-archive.ts';
import type { DiffOptions, DiffResult, DocumentChange, InstanceOptions } from './verb.ts';

/** Documents of each kind that the result lists; the counts have all. */
const listedDocuments = 10_000;

/** Throws what opening an archive and an instance throws, and `wrong-application` for archives of two applications. */
export async function diff(options: DiffOptions): Promise<DiffResult> {
  const before = await openArchive(options.archive, options);
  try {
    const after =
      typeof options.with === 'string'
        ? await openArchive(options.with, options)
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

interface OpenSide {
  readonly name: string;
  readonly app: string;
  readonly createdAt: string | null;
  readonly side: Side;
  close(): Promise<void>;
}

async function openArchive(archive: string, options: DiffOptions): Promise<OpenSide> {
  const { workingDirectory, environment, keys, signal } = options;
  const opened = await openNamedArchive({
    archive,
    workingDirectory,
    ...(environment && { environment }),
    ...(keys && { keys }),
    ...(signal && { signal }),
  });
  try {
    const side = new ArchiveSide(opened.reader);
    const { app, createdAt } = side.manifest;
    const close = async (): Promise<void> => {
      await side.close();
      await opened.close();
    };
    return { name: opened.name, app: app.name, createdAt, side, close };
  } catch (error) {
    await opened.close();
    throw error;
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
  { signal }: DiffOptions,
): Promise<DiffResult> {
  const [left, right] = [ordered(before), ordered(after)];
  const lists: Record<DocumentChange['change'], DocumentChange[]> = {
    added: [],
    removed: [],
    changed: [],
  };
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
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
  let [one, other] = [await left.next(), await right.next()];
  while (!one.done || !other.done) {
    assertNotAborted(signal);
    const order = one.done ? 1 : other.done ? -1 : compareIds(one.value.id, other.value.id);
    if (order < 0 && !one.done) note('removed', one.value, []);
    else if (order > 0 && !other.done) note('added', other.value, []);
    else if (!one.done && !other.done) {
      const fields = await compareDocuments(one.value, other.value, before.side, after.side);
      if (fields.length > 0) note('changed', other.value, fields);
      else counts.same++;
    }
    if (order <= 0) one = await left.next();
    if (order >= 0) other = await right.next();
  }
  return {
    before: { name: before.name, createdAt: before.createdAt },
    after: { name: after.name, createdAt: after.createdAt },
    counts,
    documents: [...lists.removed, ...lists.added, ...lists.changed],
    tables: await compareTables(before.side, after.side),
    exitCode: 0,
  };
}

/** The documents of a side. Throws when they are not in the order that a comparison needs. */
async function* ordered({ side, name, createdAt }: OpenSide): AsyncGenerator<CatalogueDocument> {
  let last: string | undefined;
  for await (const document of side.documents()) {
    if (last !== undefined && compareIds(last, document.id) >= 0) {
      throw new DmsBackupError(
        createdAt === null ? 'adapter-invalid' : 'archive-damaged',
        `the documents of '${name}' are not in the order of their ids: '${document.id}' comes after '${last}'`,
      );
    }
    last = document.id;
    yield document;
  }
}

/** Tables that both sides have rows of, where the number differs. */
async function compareTables(before: Side, after: Side): Promise<DiffResult['tables']> {
  const [was, is] = [await before.rows(), await after.rows()];
  return [...was].flatMap(([table, rows]) => {
    const now = is.get(table);
    return now === undefined || now === rows ? [] : [{ table, before: rows, after: now }];
  });
}
