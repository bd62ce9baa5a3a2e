// The order of creation: sorted by kind, schema and name, and what an object needs directly before it. The same database gives
// the same order on every server, whatever the numbers of its objects.

import { unsupported, type DefinedObject, type Definition } from './reader.ts';
import type { Dependencies } from './dependencies.ts';

/** Kinds in the order that is usual when nothing else decides. */
const kinds = [
  'schema',
  'extension',
  'collation',
  'type',
  'domain',
  'function',
  'procedure',
  'aggregate',
  'operator',
  'operator family',
  'operator class',
  'cast',
  'text search dictionary',
  'text search configuration',
  'sequence',
  'table',
  'partition',
  'sequence owner',
  'default',
  'check constraint',
  'domain constraint',
  'constraint',
  'index',
  'index partition',
  'view',
  'materialized view',
  'rule',
  'statistics',
  'trigger',
  'row security',
  'policy',
  'foreign key',
  'publication',
  'comment',
  'refresh',
  // they would fire for all that follows
  'event trigger',
  'event trigger comment',
];

/** Puts objects in order. Throws `database-unsupported` for a circle, naming one of its objects. */
export function inOrder(
  objects: readonly DefinedObject[],
  dependencies: Dependencies,
): { preData: Definition[]; postData: Definition[] } {
  const sorted = objects.toSorted(compare);
  const rank = new Map(sorted.map((object, index) => [object, index]));
  const byKey = new Map<string, DefinedObject>();
  for (const object of sorted) {
    for (const key of [object.key, ...(object.parts ?? [])]) byKey.set(key, object);
  }
  const needs = new Map<DefinedObject, DefinedObject[]>();
  for (const object of sorted) {
    const keys = [object.key, ...(object.parts ?? [])].flatMap((key) => dependencies.of(key));
    const needed = new Set(
      [...keys, ...(object.requires ?? [])]
        .map((key) => byKey.get(key) ?? byKey.get(dependencies.ownerOf(key)))
        .filter((other): other is DefinedObject => other !== undefined && other !== object),
    );
    needs.set(
      object,
      [...needed].toSorted((left, right) => (rank.get(left) ?? 0) - (rank.get(right) ?? 0)),
    );
  }
  const preData = arrange(
    sorted.filter(({ when }) => when === 'before'),
    needs,
    new Set(),
  );
  const postData = arrange(
    sorted.filter(({ when }) => when === 'after'),
    needs,
    new Set(preData),
  );
  return {
    preData: preData.map(({ definition }) => definition),
    postData: postData.map(({ definition }) => definition),
  };
}

/** Depth first, without recursion: chains of views can be long. */
function arrange(
  objects: readonly DefinedObject[],
  needs: ReadonlyMap<DefinedObject, readonly DefinedObject[]>,
  done: Set<DefinedObject>,
): DefinedObject[] {
  const result: DefinedObject[] = [];
  const open = new Set<DefinedObject>();
  for (const root of objects) {
    const path = done.has(root) ? [] : [{ object: root, next: 0 }];
    for (let step = path.at(-1); step; step = path.at(-1)) {
      const { object } = step;
      open.add(object);
      const needed = needs.get(object)?.[step.next];
      step.next += 1;
      if (needed === undefined) {
        path.pop();
        open.delete(object);
        done.add(object);
        result.push(object);
      } else if (open.has(needed)) {
        throw circle(path.map((item) => item.object));
      } else if (!done.has(needed)) {
        path.push({ object: needed, next: 0 });
      }
    }
  }
  return result;
}

function circle(path: readonly DefinedObject[]): Error {
  const { kind, schema, name } = path.at(-1)?.definition ?? { kind: 'object', name: '' };
  return unsupported(
    kind,
    schema === undefined ? name : `${schema}.${name}`,
    `The object depends on itself by way of ${path
      .map(({ definition }) => `${definition.kind} ${definition.name}`)
      .join(', ')}; no order of creation is possible.`,
  );
}

function compare(left: DefinedObject, right: DefinedObject): number {
  const [one, other] = [left.definition, right.definition];
  return (
    kinds.indexOf(one.kind) - kinds.indexOf(other.kind) ||
    order(one.schema ?? '', other.schema ?? '') ||
    order(one.table ?? '', other.table ?? '') ||
    order(one.name, other.name) ||
    order(one.sql, other.sql)
  );
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
