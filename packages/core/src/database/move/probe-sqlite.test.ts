import { expect, test } from 'vitest';
import { parseUniqueIndex } from './probe-sqlite.ts';

test.each<[string, string[] | undefined, string | undefined]>([
  ['CREATE INDEX i ON t (a)', undefined, undefined],
  ['CREATE UNIQUE INDEX i ON t (a)', ['a'], undefined],
  [
    'CREATE UNIQUE INDEX "i ( WHERE" ON "t (" ("a,b" COLLATE NOCASE desc, lower(coalesce("c", \'(\')))',
    ['"a,b" COLLATE NOCASE', 'lower(coalesce("c", \'(\'))'],
    undefined,
  ],
  [
    'CREATE UNIQUE INDEX i ON t (a -- ) WHERE\n, b) WHERE a IS NOT NULL AND (b IN (1, 2))',
    ['a', 'b'],
    'a IS NOT NULL AND (b IN (1, 2))',
  ],
  ['create unique index if not exists i on t(a)where(a)', ['a'], '(a)'],
])('%s', (sql, keys, condition) => {
  const found = parseUniqueIndex(sql);
  expect(found?.keys).toEqual(keys);
  expect(found?.condition).toBe(condition);
});

test('names in keys and condition, without quotes', () => {
  const found = parseUniqueIndex('CREATE UNIQUE INDEX i ON t ("A ""b""", [c]) WHERE `d` > 0');
  expect(found?.words).toEqual(expect.arrayContaining(['A "b"', 'c', 'd']));
});
