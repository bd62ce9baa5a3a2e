import { describe, expect, test } from 'vitest';
import { column, schema, table } from '../../../test/moves.ts';
import type { Column, Table } from '../engine.ts';
import { planMove, type Move, type PlanOptions } from './plan.ts';
import { RowDigest } from './row-digest.ts';

const lite = (name: string, type: string, facts: Partial<Column> = {}): Column =>
  column('sqlite', name, type, facts);
const post = (name: string, type: string, facts: Partial<Column> = {}): Column =>
  column('postgres', name, type, facts);

function plan(source: Table[], target: Table[], options?: PlanOptions): Move {
  return planMove(schema('sqlite', source), schema('postgres', target), options);
}

/** All problems that {@link planMove} names. */
function problems(source: Table[], target: Table[], options?: PlanOptions): unknown {
  try {
    plan(source, target, options);
  } catch (error) {
    const { code, context } = error as { code: string; context: { problems: string[] } };
    expect(code).toBe('move-impossible');
    return context.problems;
  }
  return 'none';
}

const publicTable = (name: string, columns: Column[]): Table =>
  table(name, columns, { schema: 'public' });

describe('planMove', () => {
  test('matches tables and columns by name, in the order of the target, and leaves generated columns out', () => {
    const move = plan(
      [
        table('t', [
          lite('id', 'integer'),
          lite('g', 'integer', { generated: 'stored' }),
          lite('a', 'bool'),
          lite('b', 'text'),
        ]),
      ],
      [
        publicTable('t', [
          post('id', 'integer'),
          post('b', 'jsonb'),
          post('a', 'boolean'),
          post('g', 'integer', { generated: 'stored' }),
        ]),
      ],
    );
    const moved = move.tables.get('t');
    expect(moved?.width).toBe(3);
    expect(
      moved?.columns.map(({ kind, from, target }) => [target.column.name, kind, from]),
    ).toEqual([
      ['id', 'integer', 0],
      ['b', 'json', 2],
      ['a', 'boolean', 1],
    ]);
  });

  test('names everything that does not fit, at once', () => {
    expect(
      problems(
        [
          table('only source', [lite('id', 'integer')]),
          table('t', [
            lite('id', 'integer'),
            lite('old', 'text'),
            lite('bad', 'datetime'),
            lite('g', 'text', { generated: 'virtual' }),
          ]),
        ],
        [
          publicTable('t', [
            post('id', 'integer'),
            post('new', 'text'),
            post('bad', 'boolean'),
            post('g', 'text'),
          ]),
          publicTable('only target', [post('id', 'integer')]),
        ],
      ),
    ).toEqual([
      "table 'only source' is not in the target",
      "column 'new' of table 't' is only in the target",
      "column 'bad' of table 't' is datetime in the source and boolean in the target",
      "column 'g' of table 't' is generated in the source only",
      "column 'old' of table 't' is not in the target",
      "table 'public.only target' is only in the target",
    ]);
  });

  test('tables without rows need no counterpart', () => {
    const source = [table('a', [lite('id', 'integer')]), table('b', [lite('id', 'integer')])];
    const target = [
      publicTable('a', [post('id', 'integer')]),
      publicTable('c', [post('id', 'integer')]),
    ];
    const options = {
      sourceRows: ({ name }: Table) => (name === 'b' ? 0 : 1),
      targetRows: () => 0,
    };
    expect(problems(source, target, options)).toBe('none');
  });

  test('case counts only when it must', () => {
    const columns = [lite('Id', 'integer')];
    const move = plan([table('T', columns)], [publicTable('t', [post('id', 'integer')])]);
    expect(move.tables.get('T')?.target.name).toBe('t');
    expect(
      problems(
        [table('T', columns), table('t', columns)],
        [publicTable('t', [post('id', 'integer')])],
      ),
    ).toEqual(["table 'T' is not in the target"]);
    expect(
      problems(
        [table('TT', columns)],
        [publicTable('tt', [post('id', 'integer')]), publicTable('Tt', [post('id', 'integer')])],
      ),
    ).toHaveLength(3);
  });

  test('schemas decide where both sides have them', () => {
    const inSchema = (name: string): Table => table('t', [post('id', 'integer')], { schema: name });
    const both = schema('postgres', [inSchema('a'), inSchema('b')]);
    const move = planMove(both, both);
    expect(move.tables.get('a.t')?.target.schema).toBe('a');
    expect(move.tables.get('b.t')?.target.schema).toBe('b');
    expect(
      problems([table('t', [lite('id', 'integer')])], [inSchema('a'), inSchema('b')]),
    ).toHaveLength(3);
  });
});

describe('kinds', () => {
  test.each([
    ['text', 'text[]'],
    ['text', 'tsvector'],
    ['text', 'int4range'],
    ['blob', 'text'],
    ['integer', 'text'],
    ['text', 'integer'],
    ['date', 'timestamp with time zone'],
    ['bool', 'uuid'],
  ])('%s of SQLite is no %s', (from, to) => {
    expect(problems([table('t', [lite('v', from)])], [publicTable('t', [post('v', to)])])).toEqual([
      `column 'v' of table 't' is ${from} in the source and ${to} in the target`,
    ]);
  });

  test('types that only PostgreSQL has pass between two of them', () => {
    const one = schema('postgres', [publicTable('t', [post('v', 'text[]')])]);
    expect(planMove(one, one).tables.get('public.t')?.columns[0]?.kind).toBe('same');
  });
});

describe('RowDigest', () => {
  const digestOf = (...rows: (string | Uint8Array | null)[][]): string => {
    const digest = new RowDigest();
    for (const row of rows) digest.add(row);
    return `${digest.rows} ${digest.sum}`;
  };

  test('does not depend on the order of rows, but on everything else', () => {
    const base = digestOf(['1', 'a'], ['2', 'b']);
    expect(digestOf(['2', 'b'], ['1', 'a'])).toBe(base);
    const others = [
      digestOf(['1', 'b'], ['2', 'a']),
      digestOf(['1', 'a']),
      digestOf(['1', 'a'], ['2', 'b'], ['2', 'b']),
      digestOf(['1', 'a'], ['2', null]),
      digestOf(['1a', ''], ['2', 'b']),
      digestOf(['a', '1'], ['2', 'b']),
    ];
    expect(new Set([base, ...others]).size).toBe(7);
  });

  test('texts and their bytes are the same', () => {
    expect(digestOf(['ü', Buffer.from('äö'), null])).toBe(digestOf(['ü', 'äö', null]));
  });

  test('sums without losing a carry', () => {
    const many = new RowDigest();
    const twice = new RowDigest();
    for (let count = 0; count < 3000; count++) {
      many.add([String(count)]);
      twice.add([String(2999 - count)]);
    }
    expect(many.equals(twice)).toBe(true);
    expect(many.sum).toMatch(/^[0-9a-f]{64}$/);
  });
});
