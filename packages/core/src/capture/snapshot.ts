// What the adapter says about one snapshot: version stamp and references, checked on the way in.

import type { Adapter, External, Instance, Stamp } from '../adapter.ts';
import { checked } from '../adapter-check.ts';
import { ExternalSchema, FileReferenceSchema, StampSchema } from '../adapter-schema.ts';
import type { DatabaseReader } from '../database/engine.ts';
import type { BackupLedger } from './ledger.ts';

/** The adapter's stamp of a snapshot. Throws `adapter-invalid`. */
export async function readStamp(
  adapter: Adapter,
  database: DatabaseReader,
  instance: Instance,
): Promise<Stamp> {
  return checked(StampSchema, await adapter.stamp(database, instance), adapter.name, 'stamp');
}

/** Puts the references of a snapshot into the ledger, in place of earlier ones, but for classes left out by the user. */
export async function readReferences(
  adapter: Adapter,
  database: DatabaseReader,
  instance: Instance,
  ledger: BackupLedger,
  excludeClasses: readonly string[] = [],
): Promise<void> {
  ledger.clearReferences();
  for await (const each of adapter.references(database, instance)) {
    const reference = checked(FileReferenceSchema, each, adapter.name, 'references');
    // what the user leaves out is declared once, and not missed file by file
    const rule = adapter.classify(reference.root, reference.path, instance);
    if (!excludeClasses.includes(rule.class)) ledger.addReference(reference);
  }
}

/** What rows of a snapshot need and no archive has: the first `limit`; a warning counts the others. */
export async function readExternals(
  adapter: Adapter,
  database: DatabaseReader,
  instance: Instance,
  limit: number,
  warnings: string[],
): Promise<External[]> {
  const first: External[] = [];
  let omitted = 0;
  for await (const each of adapter.externals?.(database, instance) ?? []) {
    const external = checked(ExternalSchema, each, adapter.name, 'externals');
    if (first.length < limit) first.push(external);
    else omitted++;
  }
  if (omitted > 0) warnings.push(`and ${omitted} more things elsewhere that are not listed`);
  return first;
}

/** For file names and sentences: exact version, `from-to`, or `unknown`. */
export function versionText(stamp: Stamp): string {
  if (stamp.appVersion !== null) return stamp.appVersion;
  if (stamp.range === null) return 'unknown';
  return stamp.range.from === stamp.range.to
    ? stamp.range.from
    : `${stamp.range.from}-${stamp.range.to}`;
}
