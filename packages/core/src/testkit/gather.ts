// Calls every member of an adapter on one sample, twice, and keeps what came back for the checks to look at. A member that
// throws or changes its mind fails all checks of that sample, with the member's name.

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import type {
  Adapter,
  CatalogueDocument,
  Compatibility,
  External,
  FileReference,
  Instance,
  PathRule,
  RestoreNotes,
  RowFinding,
  Stamp,
  TableRule,
} from '../adapter.ts';
import type { DatabaseReader, DatabaseSchema } from '../database/engine.ts';
import { openDatabase } from './open-database.ts';
import type { OpenedDatabase, OpenedSample } from './sample.ts';
import { assertRepeatable, deepFreeze } from './shape.ts';
import { pathsBelow } from './tree-digest.ts';

export interface ClassifiedPath {
  readonly root: string;
  readonly path: string;
  readonly rule: PathRule;
}

/** All outputs of one adapter for one sample. */
export interface Gathered {
  readonly sample: OpenedSample;
  readonly instance: Instance;
  readonly schema: DatabaseSchema;
  readonly stamp: Stamp;
  readonly rules: readonly TableRule[];
  readonly paths: readonly ClassifiedPath[];
  readonly references: readonly FileReference[];
  readonly documents: readonly CatalogueDocument[];
  readonly findings: readonly RowFinding[];
  readonly externals: readonly External[];
  readonly compatibility: {
    readonly withItself: Compatibility;
    readonly withNothing: Compatibility;
  };
  readonly notes: RestoreNotes | null;
}

/** Names that no product has: an adapter must keep what it does not know. */
export const strangers = [
  'dms-backup-contract-probe.bin',
  'dms-backup-contract-probe/',
  'd\u{FFFD}/\u{FFFD}.bin',
];

/** Throws an assertion error that names the member when a member throws or differs between two calls. */
export async function gather(adapter: Adapter, sample: OpenedSample): Promise<Gathered> {
  const input = deepFreeze({
    given: sample.given,
    environment: {},
    workingDirectory: sample.directory,
  });
  const instance = deepFreeze(await twice('configure', () => adapter.configure(input)));
  const { reader, close } = await openFor(sample, instance);
  try {
    return await gatherFrom(adapter, sample, instance, reader);
  } finally {
    await close();
  }
}

async function openFor(sample: OpenedSample, instance: Instance): Promise<OpenedDatabase> {
  if (sample.openDatabase !== undefined) return sample.openDatabase();
  const location = instance.database?.value;
  assert.ok(location !== undefined, '`configure` finds no database for this sample');
  return openDatabase(location);
}

async function gatherFrom(
  adapter: Adapter,
  sample: OpenedSample,
  instance: Instance,
  reader: DatabaseReader,
): Promise<Gathered> {
  const stamp = deepFreeze(await twice('stamp', () => adapter.stamp(reader, instance)));
  const rules = await twice('tables', () => adapter.tables(reader.schema, stamp));
  const paths = await twice('classify', () => classifyAll(adapter, instance));
  const references = await twice('references', () => list(adapter.references(reader, instance)));
  const documents = await twice('documents', () => list(adapter.documents(reader, instance)));
  const findings = await twice('inspectRows', () =>
    adapter.inspectRows === undefined ? [] : list(adapter.inspectRows(reader, instance)),
  );
  const externals = await twice('externals', () =>
    adapter.externals === undefined ? [] : list(adapter.externals(reader, instance)),
  );
  await leaveEarly(adapter, reader, instance);
  return {
    sample,
    instance,
    schema: reader.schema,
    stamp,
    rules,
    paths,
    references,
    documents,
    findings,
    externals,
    compatibility: await twice('compatibility', () => ({
      withItself: adapter.compatibility(stamp, stamp),
      withNothing: adapter.compatibility(stamp, null),
    })),
    notes: await twice('restoreNotes', () => adapter.restoreNotes?.(stamp, instance) ?? null),
  };
}

async function twice<T>(member: string, call: () => T | Promise<T>): Promise<T> {
  const first = await named(member, call);
  assertRepeatable(first, await named(member, call), member);
  return first;
}

async function named<T>(member: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return assert.fail(
      `\`${member}\` throws on a sound installation (its input is frozen and must not be changed): ${reason}`,
    );
  }
}

async function list<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Core stops reading when the user interrupts: leaving a loop must be harmless. */
async function leaveEarly(
  adapter: Adapter,
  reader: DatabaseReader,
  instance: Instance,
): Promise<void> {
  for (const member of ['references', 'documents'] as const) {
    await named(member, async () => {
      for await (const first of adapter[member](reader, instance)) {
        if (first !== undefined) break;
      }
    });
  }
}

function classifyAll(adapter: Adapter, instance: Instance): ClassifiedPath[] {
  return instance.roots.flatMap(({ name, directory }) => {
    const isThere = existsSync(directory) && statSync(directory).isDirectory();
    return [...(isThere ? pathsBelow(directory) : []), ...strangers].map((path) => ({
      root: name,
      path,
      rule: adapter.classify(name, path, instance),
    }));
  });
}
