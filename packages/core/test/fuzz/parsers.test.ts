// The parts of the reader that understand bytes of others, each alone and often: index lines, tar heads, seek tables, the seal,
// the schema, COPY text. They give something sound, or refuse it as damage.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { archivedSchema } from '../../src/archive/archived-schema.ts';
import { splitPath } from '../../src/archive/entry-path.ts';
import { decodeSeekTable, seekTableLength } from '../../src/archive/frame-table.ts';
import { headFacts, parseIndexLine } from '../../src/archive/index-entry.ts';
import { ArchiveReader } from '../../src/archive/reader.ts';
import { blockBytes, encodeHead, headBytes } from '../../src/archive/tar-entry.ts';
import { readRows } from '../../src/database/copy-text.ts';
import { isDmsBackupError } from '../../src/errors.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { hostileNames, hostileValues, withValue } from './forgery.ts';
import { fuzzSeed } from './fuzz-seed.ts';
import { takeApart } from './take-apart.ts';

const seeds = join(import.meta.dirname, '../../../../test-fixtures/archives/seeds');
const numRuns = 1000;

/** What it gives, or undefined when it refuses it as damage. */
function soundOrDamaged<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (
      isDmsBackupError(error) &&
      /^(archive-damaged|not-an-archive|format-unsupported)$/u.test(error.code)
    )
      return undefined;
    throw error;
  }
}

const check = <Values extends [unknown, ...unknown[]]>(property: fc.IProperty<Values>): void =>
  fc.assert(property, { seed: fuzzSeed, numRuns });

const goodLine = {
  path: 'media/files/a',
  type: 'file',
  size: 4,
  sha256: 'a'.repeat(64),
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: '1700000000.123456789',
  frame: 0,
  offset: 1024,
};

const fieldValue = fc.oneof(
  fc.constantFrom<unknown>(...hostileValues),
  fc.constantFrom(...hostileNames).map(String),
  fc.constantFrom('file', 'directory', 'link', '-999999999999.999999999', '999999999999.000000000'),
  fc.jsonValue(),
  fc.nat(Number.MAX_SAFE_INTEGER),
);
const fields = fc.constantFrom(
  ...Object.keys(goodLine),
  'link',
  'linkBase64',
  'pathBase64',
  'superseded',
  'more',
);

test('an index line', () => {
  check(
    fc.property(fc.array(fc.tuple(fields, fieldValue), { maxLength: 4 }), (changes) => {
      const line = JSON.stringify({ ...goodLine, ...Object.fromEntries(changes) });
      const entry = soundOrDamaged(() => parseIndexLine(line));
      if (!entry) return;
      const parts = splitPath(entry.pathBytes).map((part) => part.toString('latin1'));
      expect(parts.some((part) => ['', '.', '..'].includes(part) || part.includes('\0'))).toBe(
        false,
      );
      // what was accepted has exactly one head
      const facts = headFacts(entry);
      expect(encodeHead(facts).length).toBe(headBytes(facts));
    }),
  );
});

test('any text for an index line', () => {
  check(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
      (text) => void soundOrDamaged(() => parseIndexLine(text)),
    ),
  );
});

test('a seek table', () => {
  const whole = readFileSync(join(seeds, 'box.tar.zst'));
  const table = whole.subarray(-seekTableLength(whole.subarray(-9))!);
  const change = fc.tuple(fc.nat(table.length - 1), fc.nat(255));
  check(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(12), (changes, cut) => {
      const bytes = Buffer.from(table.subarray(cut));
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      const length = seekTableLength(bytes.subarray(-9));
      if (length === undefined) return;
      const framesBytes = whole.length - table.length;
      const found = soundOrDamaged(() => decodeSeekTable(bytes, framesBytes));
      expect(found?.compressedBytes ?? framesBytes).toBe(framesBytes);
    }),
  );
});

test('the head and the text of a seal', () => {
  const path = join(scratchDirectory(), 'sealed');
  const whole = readFileSync(join(seeds, 'box.tar'));
  const from = whole.lastIndexOf('seal.json\0');
  const original = new ArchiveReader(join(seeds, 'box.tar'));
  original.close();
  const inHead = fc.tuple(
    fc.nat(blockBytes - 1),
    fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x37, 0x80, 0xff)),
  );
  const inText = fc.tuple(
    fc.integer({ min: blockBytes, max: whole.length - from - 1 }),
    fc.nat(255),
  );
  check(
    fc.property(fc.array(fc.oneof(inHead, inText), { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[from + at] = byte;
      writeFileSync(path, bytes);
      const seal = soundOrDamaged(() => {
        const reader = new ArchiveReader(path);
        reader.close();
        return reader.seal;
      });
      if (seal) expect(seal).toEqual(original.seal);
    }),
  );
});

test('a schema', () => {
  const { parts } = takeApart(join(seeds, 'box.tar'));
  const text = String(parts.find((part) => part.path === 'database/schema.json')!.content);
  const way = fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 });
  check(
    fc.property(way, fieldValue, (steps, value) => {
      const changed = JSON.stringify(withValue(JSON.parse(text), steps, value)) ?? 'null';
      soundOrDamaged(() => archivedSchema(Buffer.from(changed)));
    }),
  );
});

test('rows as COPY text', () => {
  const piece = fc.constantFrom(
    '\\N',
    '\\',
    '\\x',
    '\\x4',
    '\\7',
    '\t',
    '\n',
    '\r',
    '\\.',
    '\0',
    'a',
    '\xff',
    '\u00e4',
    '',
  );
  check(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.nat(4),
      fc.boolean(),
      (pieces, columns, asBytes) => {
        const bytes = Buffer.from(pieces.join(''), asBytes ? 'latin1' : 'utf8');
        const rows = soundOrDamaged(() => [...readRows(bytes, columns)]);
        for (const row of rows ?? []) expect(row.length).toBe(columns);
        const feeds = bytes.filter((byte) => byte === 0x0a).length;
        if (rows) expect(rows.length).toBe(feeds);
      },
    ),
  );
});
