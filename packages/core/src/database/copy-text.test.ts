import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDmsBackupError } from '../errors.ts';
import { type CopyField, decodeField, encodeField, escapeText, readRows } from './copy-text.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function rowsOf(text: string | Uint8Array, columns: number): CopyField[][] {
  return [...readRows(typeof text === 'string' ? Buffer.from(text) : text, columns)];
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (isDmsBackupError(error)) return error.code;
    throw error;
  }
  return undefined;
}

/** Bytes that are likely to hold what the format treats specially. */
const awkwardBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(...bytes('\\\t\n\r\b\f\v\0N.x01789afAF"').values()),
      fc.integer({ min: 0, max: 255 }),
    ),
    { maxLength: 40 },
  )
  .map((list) => Buffer.from(list));

describe('encodeField', () => {
  test('writes what PostgreSQL writes', () => {
    const written = encodeField(bytes('a\\b\tc\nd\re\bf\fg\vh\0i'));
    expect(Buffer.from(written).toString()).toBe('a\\\\b\\tc\\nd\\re\\bf\\fg\\vh\\000i');
    expect(Buffer.from(encodeField(null)).toString()).toBe('\\N');
    expect(Buffer.from(encodeField(bytes(''))).toString()).toBe('');
    expect(Buffer.from(encodeField(bytes('\\N'))).toString()).toBe('\\\\N');
  });

  test('keeps any bytes', () => {
    fc.assert(
      fc.property(awkwardBytes, (value) => {
        const field = encodeField(value);
        expect(Buffer.from(field).toString('latin1')).not.toMatch(/[\0\b\t\n\v\f\r]/);
        expect(Buffer.from(decodeField(field) ?? '!')).toEqual(value);
      }),
    );
  });

  test('keeps values longer than one piece', () => {
    const long = Buffer.alloc(2_500_000, 'ab\\\nö\0');
    expect(Buffer.from(decodeField(encodeField(long)) ?? '').equals(long)).toBe(true);
  });
});

describe('escapeText', () => {
  test('agrees with encodeField', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Buffer.from(escapeText(text))).toEqual(Buffer.from(encodeField(Buffer.from(text))));
      }),
    );
  });
});

describe('decodeField', () => {
  test.each([
    ['\\101\\12\\7', 'A\n\x07'],
    ['\\1012', 'A2'],
    ['\\377\\400', '\xff\0'],
    ['\\x41\\x4\\x4g\\xg', 'A\x04\x04gxg'],
    ['\\xfF0', '\xff0'],
    ['a\\Nb', 'aNb'],
    ['\\\\N', '\\N'],
    ['\\.\\q\\"', '.q"'],
    ['\\b\\f\\n\\r\\t\\v', '\b\f\n\r\t\v'],
  ])('%j means %j', (field, meaning) => {
    expect(Buffer.from(decodeField(bytes(field)) ?? '').toString('latin1')).toBe(meaning);
  });

  test('only a whole \\N is null', () => {
    expect(decodeField(bytes('\\N'))).toBeNull();
    expect(decodeField(bytes('\\NN'))).not.toBeNull();
  });
});

describe('readRows', () => {
  test('gives text, bytes where it is no text, and null', () => {
    const text = Buffer.concat([
      bytes('1\ta\\tb\t\\N\n2\t\xff\\\\\t\n'),
      Buffer.from('ö\t\\303\\266\t\\303\n'),
    ]);
    expect(rowsOf(text, 3)).toEqual([
      ['1', 'a\tb', null],
      ['2', bytes('\xff\\'), ''],
      ['ö', 'ö', bytes('\xc3')],
    ]);
  });

  test('reads the same with and without invalid bytes around', () => {
    const field = fc.option(awkwardBytes);
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { maxLength: 8 }), (rows) => {
        const lines = rows.map((row) =>
          row.map((value) => Buffer.from(encodeField(value)).toString('latin1')).join('\t'),
        );
        const expected = rows.map((row) =>
          row.map((value) => (value !== null && isUtf8(value) ? value.toString() : value)),
        );
        const text = bytes(lines.map((line) => `${line}\n`).join(''));
        expect(rowsOf(text, 2)).toEqual(expected);
        const withInvalid = Buffer.concat([text, bytes('\xff\t\n')]);
        expect(rowsOf(withInvalid, 2)).toEqual([...expected, [bytes('\xff'), '']]);
      }),
    );
  });

  test('knows tables without columns and without rows', () => {
    expect(rowsOf('\n\n', 0)).toEqual([[], []]);
    expect(rowsOf('\n', 1)).toEqual([['']]);
    expect(rowsOf('', 3)).toEqual([]);
  });

  test.each([
    ['no line feed at the end', 'a\tb\nc\td', 2],
    ['too few fields', 'a\tb\nc\n', 2],
    ['too many fields', 'a\tb\tc\n', 2],
    ['a field where there are no columns', 'a\n', 0],
    ['an end mark', '\\.\n', 1],
    ['a backslash at the end of a field', 'a\\\tb\n', 2],
    ['a backslash at the end of a row', 'a\tb\\\n', 2],
  ])('refuses %s', (_, text, columns) => {
    expect(codeOf(() => rowsOf(text, columns))).toBe('archive-damaged');
    const invalid = Buffer.concat([
      bytes(`${'\xff\t'.repeat(Math.max(columns - 1, 0))}\xff\n`),
      bytes(text),
    ]);
    if (columns > 0) expect(codeOf(() => rowsOf(invalid, columns))).toBe('archive-damaged');
  });

  test('fails on any input only with archive-damaged', () => {
    fc.assert(
      fc.property(awkwardBytes, fc.integer({ min: 0, max: 4 }), (text, columns) => {
        expect(codeOf(() => rowsOf(text, columns))).toBeOneOf([undefined, 'archive-damaged']);
      }),
      { numRuns: 1000 },
    );
  });
});
