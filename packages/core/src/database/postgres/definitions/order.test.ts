import { expect, test } from 'vitest';
import type { Dependencies } from './dependencies.ts';
import { inOrder } from './order.ts';
import type { DefinedObject } from './reader.ts';

const object = (
  kind: string,
  name: string,
  when: 'before' | 'after' = 'before',
): DefinedObject => ({ key: name, when, definition: { kind, schema: 's', name, sql: name } });

const needing = (edges: Record<string, string[]>): Dependencies => ({
  of: (key) => edges[key] ?? [],
  ownerOf: (key) => key,
  isSequence: () => false,
});

const names = (definitions: { name: string }[]): string[] => definitions.map(({ name }) => name);

test('by kind and name when nothing else decides, whatever the order of reading', () => {
  const objects = [
    object('table', 'b'),
    object('table', 'a'),
    object('schema', 'z'),
    object('index', 'i', 'after'),
  ];
  const expected = { pre: ['z', 'a', 'b'], post: ['i'] };
  for (const given of [objects, objects.toReversed()]) {
    const { preData, postData } = inOrder(given, needing({}));
    expect({ pre: names(preData), post: names(postData) }).toEqual(expected);
  }
});

test('what is needed comes first, and before the rows when something there needs it', () => {
  const { preData, postData } = inOrder(
    [
      object('table', 'table'),
      object('function', 'function'),
      object('view', 'view', 'after'),
      object('constraint', 'key', 'after'),
      object('view', 'other', 'after'),
    ],
    needing({ function: ['view'], view: ['table', 'key'], key: ['table'] }),
  );
  expect(names(preData)).toEqual(['table', 'key', 'view', 'function']);
  expect(names(postData)).toEqual(['other']);
});

test('a circle is refused with its members', () => {
  const objects = [object('view', 'a', 'after'), object('function', 'b')];
  expect(() => inOrder(objects, needing({ a: ['b'], b: ['a'] }))).toThrow(
    expect.objectContaining({
      code: 'database-unsupported',
      message: "cannot keep view 's.a'",
      hint: 'The object depends on itself by way of function b, view a; no order of creation is possible.',
    }),
  );
});

test('long chains', () => {
  const count = 20_000;
  const objects = Array.from({ length: count }, (_, index) => object('view', `v${index}`, 'after'));
  const edges = Object.fromEntries(objects.map(({ key }, index) => [key, [`v${index + 1}`]]));
  const { postData } = inOrder(objects, needing(edges));
  expect(postData[0]?.name).toBe(`v${count - 1}`);
});
