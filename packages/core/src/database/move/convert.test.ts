import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkOf, columnType, moveColumn, planColumn, type Field } from '../../../test/moves.ts';
import { isDmsBackupError } from '../../errors.ts';
import { parseRepairs } from './repairs.ts';

const uuid = '0123456789abcdef0123456789abcdef';
const dashed = '01234567-89ab-cdef-0123-456789abcdef';

describe('a value arrives in the form of the target', () => {
  test.each<[from: string, to: string, field: Field, written: string | null]>([
    ['sqlite bool', 'postgres boolean', '1', 't'],
    ['sqlite bool', 'postgres boolean', '0', 'f'],
    ['sqlite bool', 'mariadb tinyint(1)', '1', '1'],
    ['postgres boolean', 'sqlite bool', 't', '1'],
    ['postgres boolean', 'mariadb tinyint(1)', 'f', '0'],
    ['mariadb tinyint(1)', 'postgres boolean', '1', 't'],
    ['sqlite integer', 'postgres integer', '-2147483648', '-2147483648'],
    [
      'mariadb bigint(20) unsigned',
      'postgres bigint',
      '9223372036854775807',
      '9223372036854775807',
    ],
    ['sqlite char(32)', 'postgres uuid', uuid, dashed],
    ['sqlite char(32)', 'mariadb uuid', uuid.toUpperCase(), dashed],
    ['postgres uuid', 'sqlite char(32)', dashed, uuid],
    ['postgres uuid', 'mariadb char(32)', dashed, uuid],
    ['mariadb uuid', 'sqlite char(32)', dashed, uuid],
    ['mariadb uuid', 'postgres uuid', dashed, dashed],
    ['sqlite varchar(36)', 'postgres uuid', dashed, dashed],
    ['postgres uuid', 'mariadb binary(16)', dashed, `\\\\x${uuid}`],
    [
      'sqlite datetime',
      'postgres timestamp with time zone',
      '2024-01-02 03:04:05.678901',
      '2024-01-02 03:04:05.678901+00',
    ],
    [
      'sqlite datetime',
      'postgres timestamp with time zone',
      '2024-01-02 03:04:05',
      '2024-01-02 03:04:05+00',
    ],
    [
      'sqlite datetime',
      'postgres timestamp with time zone',
      '2024-01-02T03:04:05.100Z',
      '2024-01-02 03:04:05.1+00',
    ],
    [
      'sqlite datetime',
      'postgres timestamp without time zone',
      '2024-01-02',
      '2024-01-02 00:00:00',
    ],
    ['sqlite datetime', 'mariadb datetime(6)', '2024-01-02 03:04:05', '2024-01-02 03:04:05.000000'],
    [
      'postgres timestamp with time zone',
      'sqlite datetime',
      '2024-01-02 03:04:05.6789+00',
      '2024-01-02 03:04:05.678900',
    ],
    [
      'postgres timestamp with time zone',
      'sqlite datetime',
      '2024-03-01 01:00:00+02',
      '2024-02-29 23:00:00',
    ],
    [
      'postgres timestamp with time zone',
      'mariadb datetime(6)',
      '1883-11-18 12:03:58-04:56:02',
      '1883-11-18 17:00:00.000000',
    ],
    [
      'mariadb datetime(6)',
      'postgres timestamp with time zone',
      '2024-01-02 03:04:05.000000',
      '2024-01-02 03:04:05+00',
    ],
    ['mariadb timestamp', 'sqlite datetime', '2024-01-02 03:04:05+00', '2024-01-02 03:04:05'],
    ['sqlite date', 'postgres date', '0001-01-01', '0001-01-01'],
    ['postgres time without time zone', 'mariadb time(6)', '01:02:03.5', '01:02:03.500000'],
    ['mariadb time(6)', 'sqlite time', '01:02:03.000000', '01:02:03'],
    ['sqlite bigint', 'postgres interval', '93784005006', '1 days 02:03:04.005006'],
    ['sqlite bigint', 'postgres interval', '-1', '-1 days +23:59:59.999999'],
    ['postgres interval', 'mariadb bigint(20)', '-1 days +23:59:59.999999', '-1'],
    ['postgres interval', 'sqlite bigint', '-00:00:01.5', '-1500000'],
    ['postgres interval', 'sqlite bigint', '3 days', '259200000000'],
    ['sqlite decimal', 'postgres numeric(12,2)', '12.5', '12.5'],
    ['sqlite decimal', 'postgres numeric(12,2)', ['integer', '12'], '12'],
    ['sqlite decimal', 'mariadb decimal(12,2)', '1e-2', '0.01'],
    ['postgres numeric(12,2)', 'sqlite decimal', '12.50', '12.5'],
    ['postgres numeric(12,2)', 'sqlite decimal', '-1200.00', '-1200'],
    [
      'postgres numeric(65,2)',
      'mariadb decimal(65,2)',
      '123456789012345678901234567890.12',
      '123456789012345678901234567890.12',
    ],
    ['postgres double precision', 'sqlite real', '1e+21', '1e+21'],
    ['postgres real', 'sqlite real', '0.1', '0.1'],
    ['sqlite real', 'postgres double precision', '-0', '0'],
    ['sqlite real', 'postgres double precision', '-Infinity', '-Infinity'],
    ['sqlite blob', 'postgres bytea', '\\x00ff', '\\\\x00ff'],
    ['mariadb longblob', 'sqlite blob', '\\x00FF', '\\\\x00ff'],
    ['sqlite text', 'postgres jsonb', '{"a": [1.50, "ü"]}', '{"a": [1.50, "ü"]}'],
    ['postgres jsonb', 'mariadb json', '{"a": "\\n"}', '{"a": "\\\\n"}'],
    ['postgres inet', 'sqlite char(39)', '192.168.0.1/32', '192.168.0.1'],
    ['sqlite char(39)', 'postgres inet', '2001:db8::1', '2001:db8::1'],
    ['postgres character(5)', 'sqlite char(5)', 'ab   ', 'ab'],
    ['sqlite text', 'mariadb longtext', 'a\tb\\c\0', 'a\\tb\\\\c\\000'],
    ['sqlite varchar(3)', 'postgres character varying(3)', '😀ü€', '😀ü€'],
    ['sqlite varchar(9)', 'postgres character varying(9)', ['integer', '42'], '42'],
    ['sqlite varchar(9)', 'postgres character varying(9)', null, null],
  ])('%s to %s: %j', (from, to, field, written) => {
    const moved = moveColumn(planColumn(columnType(from), columnType(to)), chunkOf([field]));
    expect(moved.problems).toEqual([]);
    expect(moved.lines).toEqual([written ?? '\\N']);
    expect(moved.same).toBe(true);
  });

  test('decimals of SQLite keep whole numbers as integers', () => {
    const move = planColumn(columnType('postgres numeric(20,2)'), columnType('sqlite decimal'));
    const moved = moveColumn(move, chunkOf(['1.00', '1.50', '100000000000000000.00']));
    expect(moved.lines).toEqual(['1', '1.5', '100000000000000000']);
    expect(moved.storage).toEqual(['0 integer', '2 integer']);
  });

  test('values of one type of one engine pass as they are, with their storage class', () => {
    const move = planColumn(columnType('sqlite decimal'), columnType('sqlite DECIMAL'));
    const moved = moveColumn(move, chunkOf([['text', 'n/a'], ['blob', '\\x00'], '1.5']));
    expect(moved.lines).toEqual(['n/a', '\\\\x00', '1.5']);
    expect(moved.storage).toEqual(['0 text', '1 blob']);
    expect(moved.same).toBe(true);
  });
});

describe('what the target cannot hold is found', () => {
  test.each<[from: string, to: string, field: Field, kind: string]>([
    ['sqlite text', 'postgres text', 'a\0b', 'nul'],
    ['sqlite text', 'postgres jsonb', '"a\\u0000b"', 'nul'],
    ['sqlite text', 'postgres jsonb', '"a\\ud800b"', 'invalid-utf8'],
    ['sqlite text', 'postgres jsonb', '{a}', 'json'],
    ['sqlite text', 'mariadb json', '', 'json'],
    ['sqlite varchar(3)', 'postgres character varying(3)', 'abcd', 'length'],
    ['sqlite text', 'mariadb varchar(3)', 'abcd', 'length'],
    ['sqlite text', 'mariadb text(10)', 'ääääää', 'length'],
    ['sqlite blob', 'mariadb varbinary(2)', '\\x000102', 'length'],
    ['sqlite integer', 'postgres integer', '2147483648', 'range'],
    ['sqlite integer', 'mariadb smallint(5) unsigned', '-1', 'range'],
    ['mariadb bigint(20) unsigned', 'sqlite bigint', '9223372036854775808', 'range'],
    ['mariadb tinyint(1)', 'postgres boolean', '2', 'range'],
    ['sqlite integer', 'postgres integer', ['text', 'abc'], 'type'],
    ['sqlite integer', 'postgres integer', ['real', '1.5'], 'type'],
    ['sqlite bool', 'postgres boolean', ['text', 'yes'], 'type'],
    ['sqlite datetime', 'postgres timestamp with time zone', ['integer', '1700000000'], 'type'],
    ['sqlite datetime', 'postgres timestamp with time zone', 'yesterday', 'type'],
    ['sqlite datetime', 'postgres timestamp with time zone', '2023-02-29 00:00:00', 'type'],
    ['sqlite datetime', 'mariadb datetime', '2024-01-02 03:04:05.5', 'precision'],
    [
      'sqlite datetime',
      'postgres timestamp without time zone',
      '2024-01-02 03:04:05.1234567',
      'precision',
    ],
    [
      'mariadb datetime(6)',
      'postgres timestamp with time zone',
      '0000-00-00 00:00:00.000000',
      'zero-date',
    ],
    ['mariadb date', 'postgres date', '2024-00-10', 'zero-date'],
    ['mariadb time', 'postgres time without time zone', '-01:00:00', 'range'],
    ['mariadb time', 'postgres time without time zone', '838:59:59', 'range'],
    ['postgres timestamp with time zone', 'sqlite datetime', 'infinity', 'range'],
    [
      'postgres timestamp with time zone',
      'mariadb datetime(6)',
      '0044-03-15 00:00:00+00 BC',
      'range',
    ],
    ['postgres date', 'sqlite date', '10000-01-01', 'range'],
    [
      'postgres timestamp with time zone',
      'mariadb timestamp(6)',
      '2040-01-01 00:00:00+00',
      'range',
    ],
    ['postgres interval', 'sqlite bigint', '1 mon', 'range'],
    ['postgres numeric(12,2)', 'sqlite decimal', 'NaN', 'range'],
    ['postgres numeric(30,20)', 'sqlite decimal', '0.12345678901234567890', 'precision'],
    ['sqlite decimal', 'postgres numeric(5,2)', '1000', 'range'],
    ['sqlite decimal', 'postgres numeric(5,2)', '1.234', 'precision'],
    ['sqlite decimal', 'postgres numeric(5,2)', '1e99999', 'range'],
    ['postgres double precision', 'mariadb double', 'NaN', 'range'],
    ['postgres double precision', 'sqlite real', 'NaN', 'range'],
    ['sqlite real', 'postgres real', '0.1234567890123', 'precision'],
    ['sqlite char(32)', 'postgres uuid', 'abc', 'type'],
    ['sqlite char(39)', 'postgres inet', '999.1.1.1', 'type'],
    ['sqlite char(9)', 'mariadb char(9)', 'a ', 'padding'],
    ['sqlite text', 'postgres text', ['blob', '\\x00'], 'type'],
    ['sqlite text', 'postgres text', ['utf16', '\\x00d8'], 'invalid-utf8'],
  ])('%s to %s: %j', (from, to, field, kind) => {
    const moved = moveColumn(planColumn(columnType(from), columnType(to)), chunkOf([null, field]));
    expect(moved.problems).toEqual([`${kind} 1 id=2`]);
  });

  test('null in a column that takes none', () => {
    const target = columnType('postgres text', { nullable: false });
    const moved = moveColumn(
      planColumn(columnType('sqlite text'), target),
      chunkOf([null, 'a', null]),
    );
    expect(moved.problems).toEqual(['null 2 id=1,id=3']);
  });

  test('bytes that are no UTF-8, which SQLite could hold', () => {
    const chunk = { bytes: Buffer.from([0x31, 0x09, 0x61, 0xff, 0x62, 0x0a]), rows: 1 };
    const bad = moveColumn(
      planColumn(columnType('sqlite text'), columnType('postgres text')),
      chunk,
    );
    expect(bad.problems).toEqual(['invalid-utf8 1 id=1']);
    const kept = moveColumn(
      planColumn(columnType('sqlite text'), columnType('sqlite clob')),
      chunk,
    );
    expect(kept.problems).toEqual([]);
    expect(Buffer.from(kept.chunk.bytes)).toEqual(chunk.bytes);
    expect(kept.same).toBe(true);
  });
});

describe('repairs', () => {
  test.each<[word: string, from: string, to: string, field: Field, written: string]>([
    ['nul=strip', 'sqlite text', 'postgres text', 'a\0b', 'ab'],
    [
      'nul=strip',
      'sqlite text',
      'postgres jsonb',
      String.raw`"\\u0000\u0000"`,
      String.raw`"\\\\u0000"`,
    ],
    ['length=truncate', 'sqlite text', 'postgres character varying(2)', '😀ab', '😀a'],
    ['length=truncate', 'sqlite text', 'mariadb text(5)', 'äääb', 'ää'],
    ['zero-date=null', 'mariadb date', 'postgres date', '0000-00-00', '\\N'],
    [
      'invalid-utf8=replace',
      'sqlite text',
      'postgres jsonb',
      String.raw`"\ud800x"`,
      String.raw`"\\ufffdx"`,
    ],
    ['precision=round', 'sqlite decimal', 'postgres numeric(5,2)', '0.30000000000000004', '0.3'],
    ['precision=round', 'sqlite decimal', 'postgres numeric(5,2)', '-9.995', '-10'],
  ])('%s from %s to %s', (word, from, to, field, written) => {
    const move = planColumn(columnType(from), columnType(to));
    const moved = moveColumn(move, chunkOf([field]), { repairs: parseRepairs([word]) });
    expect(moved.problems).toEqual([]);
    expect(moved.lines).toEqual([written]);
    expect(moved.repaired).toEqual([`${word.split('=')[0]} 1`]);
    expect(moved.same).toBe(true);
  });

  test('two faults of one value', () => {
    const move = planColumn(columnType('sqlite text'), columnType('postgres character varying(2)'));
    const chunk = {
      bytes: Buffer.from([0x31, 0x09, ...Buffer.from('\\000'), 0xff, 0x62, 0x63, 0x0a]),
      rows: 1,
    };
    const repairs = parseRepairs(['nul=strip', 'length=truncate', 'invalid-utf8=replace']);
    const moved = moveColumn(move, chunk, { repairs });
    expect(moved.lines).toEqual(['\ufffdb']);
    expect(moved.repaired.toSorted()).toEqual(['invalid-utf8 1', 'length 1', 'nul 1']);
  });

  test('not where the target takes no null', () => {
    const target = columnType('postgres date', { nullable: false });
    const move = planColumn(columnType('mariadb date'), target);
    const repairs = parseRepairs(['zero-date=null']);
    const moved = moveColumn(move, chunkOf(['0000-00-00']), { repairs });
    expect(moved.problems).toEqual(['zero-date 1 id=1']);
  });

  test.each(['nul', 'nul=null', 'range=clamp', '', 'toString=x'])('unknown: %j', (word) => {
    expect(() => parseRepairs([word])).toThrow(expect.objectContaining({ code: 'usage' }));
    try {
      parseRepairs([word]);
    } catch (error) {
      expect(isDmsBackupError(error) && error.hint).toContain('nul=strip');
    }
  });
});

/** Texts, the more awkward the better. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('\t', '\n', '\\', '\r', '\\N', '\\.', '😀', 'ü', ' ', "'"),
      fc.string(),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join('').toWellFormed());

describe('there and back again', () => {
  const chains: [string, fc.Arbitrary<string>, string[]][] = [
    [
      'text',
      text.map((value) => value.replaceAll('\0', '')),
      ['sqlite text', 'postgres text', 'mariadb longtext', 'sqlite text'],
    ],
    [
      'boolean',
      fc.constantFrom('0', '1'),
      ['sqlite bool', 'postgres boolean', 'mariadb tinyint(1)', 'postgres boolean', 'sqlite bool'],
    ],
    [
      'integer',
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
      ['sqlite bigint', 'postgres bigint', 'mariadb bigint(20)', 'sqlite bigint'],
    ],
    [
      'uuid',
      fc.uuid().map((value) => value.replaceAll('-', '')),
      [
        'sqlite char(32)',
        'postgres uuid',
        'mariadb uuid',
        'mariadb char(32)',
        'postgres uuid',
        'sqlite char(32)',
      ],
    ],
    [
      'float',
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((value) => String(value === 0 ? 0 : value)),
      ['sqlite real', 'postgres double precision', 'mariadb double', 'sqlite real'],
    ],
    [
      'timestamp',
      fc
        .tuple(
          fc.date({
            min: new Date('0001-01-02T00:00:00Z'),
            max: new Date('9999-12-30T00:00:00Z'),
            noInvalidDate: true,
          }),
          fc.integer({ min: 0, max: 999 }),
        )
        .map(([date, micros]) => {
          const digits = `${date.toISOString().slice(20, 23)}${String(micros).padStart(3, '0')}`;
          const seconds = date.toISOString().slice(0, 19).replace('T', ' ');
          return digits === '000000' ? seconds : `${seconds}.${digits}`;
        }),
      [
        'sqlite datetime',
        'postgres timestamp with time zone',
        'mariadb datetime(6)',
        'postgres timestamp without time zone',
        'sqlite datetime',
      ],
    ],
    [
      'interval',
      fc.bigInt(-(10n ** 17n), 10n ** 17n).map(String),
      [
        'sqlite bigint',
        'postgres interval',
        'mariadb bigint(20)',
        'postgres interval',
        'sqlite bigint',
      ],
    ],
    [
      'decimal',
      fc
        .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }))
        .map(([value]) => String(value / 100)),
      ['sqlite decimal', 'postgres numeric(10,2)', 'mariadb decimal(10,2)', 'sqlite decimal'],
    ],
    ['json', fc.json(), ['sqlite text', 'mariadb json', 'sqlite text']],
    [
      'bytes',
      fc.uint8Array().map((value) => `\\x${Buffer.from(value).toString('hex')}`),
      ['sqlite blob', 'postgres bytea', 'mariadb longblob', 'sqlite blob'],
    ],
  ];

  test.each(chains)('%s', (name, values, types) => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), (fields) => {
        const isWhole = (field: string): boolean => name === 'decimal' && /^-?\d+$/.test(field);
        const first = chunkOf(
          fields.map((field): Field => (isWhole(field) ? ['integer', field] : field)),
        );
        let chunk = first;
        for (let step = 1; step < types.length; step++) {
          const [from, to] = [types[step - 1] ?? '', types[step] ?? ''].map((type) =>
            columnType(type),
          );
          if (!from || !to) continue;
          const moved = moveColumn(planColumn(from, to), chunk);
          expect(moved.problems).toEqual([]);
          expect(moved.same).toBe(true);
          chunk = moved.chunk;
        }
        expect(Buffer.from(chunk.bytes).toString()).toBe(Buffer.from(first.bytes).toString());
        expect(chunk.storage).toEqual(first.storage);
      }),
      { numRuns: 60 },
    );
  });
});
