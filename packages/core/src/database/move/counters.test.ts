import { expect, test } from 'vitest';
import { column, schema, table } from '../../../test/moves.ts';
import type { DatabaseSchema, EngineName } from '../engine.ts';
import { Counters } from './counters.ts';
import { planMove } from './plan.ts';

type Sequences = DatabaseSchema['sequences'];

const feeds = { schema: 'public', table: 't', column: 'id' };
const sql: Partial<Record<EngineName, string>> = {
  sqlite: 'CREATE TABLE "t" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT)',
  mariadb: 'CREATE TABLE `t` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`id`)\n)',
};

function side(engine: EngineName, sequences: Sequences): DatabaseSchema {
  const type = engine === 'mariadb' ? 'int(11)' : 'integer';
  const inSchema = engine === 'postgres' ? { schema: 'public' } : {};
  const text = sql[engine];
  return schema(engine, [table('t', [column(engine, 'id', type)], inSchema)], {
    sequences,
    ...(text !== undefined && { preData: [{ kind: 'table', name: 't', table: 't', sql: text }] }),
  });
}

const states: Record<EngineName, Sequences> = {
  sqlite: [{ name: 't', value: '41' }],
  mariadb: [{ name: 't', value: '42' }],
  postgres: [{ schema: 'public', name: 's', value: '41', isCalled: true, feeds }],
};
const fresh: Record<EngineName, Sequences> = {
  sqlite: [],
  mariadb: [],
  postgres: [{ schema: 'public', name: 's', value: '1', isCalled: false, feeds }],
};

const pairs = (['sqlite', 'postgres', 'mariadb'] as const).flatMap((from) =>
  (['sqlite', 'postgres', 'mariadb'] as const).map((to) => [from, to] as const),
);

test.each(pairs)(
  '%s to %s: behind the counter of the source, and behind the highest id',
  (from, to) => {
    const move = planMove(side(from, states[from]), side(to, fresh[to]));
    expect(new Counters(move).sequences()).toEqual(states[to]);
    const [moved] = [...move.tables.values()];
    const counters = new Counters(move);
    if (moved) for (const id of ['7', '-3', '99', '12']) counters.see(moved, [id]);
    const [sequence] = counters.sequences();
    expect(sequence?.value).toBe(to === 'mariadb' ? '100' : '99');
  },
);

test.each(pairs)('%s to %s: no rows and no counter change nothing', (from, to) => {
  const move = planMove(side(from, fresh[from]), side(to, fresh[to]));
  expect(new Counters(move).sequences()).toEqual(fresh[to]);
});

test('sequences of PostgreSQL that feed no column stay', () => {
  const free = { schema: 'public', name: 'free', value: '5', isCalled: true };
  const move = planMove(side('sqlite', []), side('postgres', [free]));
  expect(new Counters(move).sequences()).toEqual([free]);
});
