import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect } from '../../../test/postgres-server.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from './identifiers.ts';

test.each([
  ['plain', '"plain"'],
  ['"; drop table x; --', '"""; drop table x; --"'],
  ['new\nline', '"new\nline"'],
])('identifier %j', (name, expected) => {
  expect(quoteIdentifier(name)).toBe(expected);
  expect(quoteQualified(name, 'b')).toBe(`${expected}."b"`);
});

test.each([
  ["it's", "'it''s'"],
  ['a\\b', String.raw`E'a\\b'`],
  ["\\'; --", String.raw`E'\\''; --'`],
])('literal %j', (text, expected) => {
  expect(quoteLiteral(text)).toBe(expected);
});

test('the server reads every text back, whatever standard_conforming_strings says', async () => {
  const client = await connect();
  const text = fc
    .string({ unit: 'binary', maxLength: 20 })
    .filter((value) => !/[\0\uD800-\uDFFF]/u.test(value));
  const tricky = fc.string({
    unit: fc.constantFrom("'", '"', '\\', '$', '\n', 'a', '-', ';', ' '),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, tricky), fc.boolean(), async (value, conforming) => {
      await client.query(`SET standard_conforming_strings = ${conforming ? 'on' : 'off'}`);
      const column = `c${value}`.replaceAll(/[^\x20-\x7E\n]/g, '').slice(0, 60);
      const { rows } = await client.query(
        `SELECT ${quoteLiteral(value)} AS ${quoteIdentifier(column)}`,
      );
      expect(rows).toEqual([{ [column]: value }]);
    }),
  );
});
