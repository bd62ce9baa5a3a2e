// All definitions of a database in the order of creation. One file per kind of object lies in `definitions/`.

import { readCasts, readCollations } from './definitions/collations.ts';
import { readColumns } from './definitions/columns.ts';
import { readComments } from './definitions/comments.ts';
import { readForeignKeys, readIndexes } from './definitions/constraints.ts';
import { readAggregates, readFunctions } from './definitions/functions.ts';
import {
  readOperatorClasses,
  readOperatorFamilies,
  readOperators,
} from './definitions/operators.ts';
import { inOrder } from './definitions/order.ts';
import { readPolicies, readRowSecurity, readStatistics } from './definitions/policies.ts';
import { readPublications } from './definitions/publications.ts';
import type { CatalogueReader, DefinedObject, Definition } from './definitions/reader.ts';
import { refuseUnsupported } from './definitions/refused.ts';
import { readExtensions, readSchemas } from './definitions/schemas.ts';
import { sequenceObjects, type SequenceRow } from './definitions/sequences.ts';
import { readTableRows, tableObjects, unprovedConstraints } from './definitions/tables.ts';
import { readConfigurations, readDictionaries } from './definitions/text-search.ts';
import { readEventTriggers, readTriggers } from './definitions/triggers.ts';
import { readTypes } from './definitions/types.ts';
import { readRules, readViews } from './definitions/views.ts';

/** Throws `database-unsupported` naming the object that cannot be kept. */
export async function readDefinitions(
  reader: CatalogueReader,
  sequences: readonly SequenceRow[],
): Promise<{ preData: Definition[]; postData: Definition[] }> {
  await refuseUnsupported(reader);
  const columns = await readColumns(reader);
  const objects: DefinedObject[] = [
    ...(await readSchemas(reader)),
    ...(await readExtensions(reader)),
    ...(await readCollations(reader)),
    ...(await readTypes(reader)),
    ...(await readFunctions(reader)),
    ...(await readAggregates(reader)),
    ...(await readOperators(reader)),
    ...(await readOperatorFamilies(reader)),
    ...(await readOperatorClasses(reader)),
    ...(await readCasts(reader)),
    ...(await readDictionaries(reader)),
    ...(await readConfigurations(reader)),
    ...sequenceObjects(sequences),
    ...(await readTableObjects(reader, columns, sequences)),
    ...(await readIndexes(reader, columns)),
    ...(await readForeignKeys(reader)),
    ...(await readViews(reader, columns)),
    ...(await readRules(reader)),
    ...(await readTriggers(reader)),
    ...(await readEventTriggers(reader)),
    ...(await readRowSecurity(reader)),
    ...(await readPolicies(reader)),
    ...(await readStatistics(reader)),
    ...(await readPublications(reader)),
  ];
  const comments = await readComments(reader, objects);
  return inOrder([...objects, ...comments], reader.dependencies);
}

async function readTableObjects(
  reader: CatalogueReader,
  columns: Awaited<ReturnType<typeof readColumns>>,
  sequences: readonly SequenceRow[],
): Promise<DefinedObject[]> {
  const tables = await readTableRows(reader);
  const parents = new Set(tables.flatMap((table) => table.parents.map(({ oid }) => oid)));
  const identities = Map.groupBy(
    sequences.filter(({ bond }) => bond === 'i'),
    ({ ownerOid }) => ownerOid,
  );
  const columnsOf = (table: number): NonNullable<ReturnType<typeof columns.get>> =>
    columns.get(table) ?? [];
  const unproved = new Map(
    tables.map((table) => [table.oid, unprovedConstraints(table, columnsOf(table.oid))]),
  );
  return tables.flatMap((table) =>
    tableObjects(reader, table, {
      columns: columnsOf(table.oid),
      columnsOf,
      identities: new Map(
        (identities.get(table.oid) ?? []).map((sequence) => [sequence.ownerNumber ?? 0, sequence]),
      ),
      isParent: parents.has(table.oid),
      unproved: (oid) => unproved.get(oid) ?? [],
    }),
  );
}
