// Times survive the index to the nanosecond, before 1970 too.

import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { currentMtime, formatMtime, mtimeSeconds, utimesTime } from './entry-time.ts';
import { IndexEntrySchema } from './schema.ts';

test.each([
  [0n, '0.000000000', 0],
  [1n, '0.000000001', 0],
  [999_999_999n, '0.999999999', 0],
  [1_700_000_000_123_456_789n, '1700000000.123456789', 1_700_000_000],
  [-1n, '-0.000000001', -1],
  [-500_000_000n, '-0.500000000', -1],
  [-1_000_000_000n, '-1.000000000', -1],
  [-1_000_000_001n, '-1.000000001', -2],
  [-86_400_000_000_000n, '-86400.000000000', -86_400],
  [999_999_999_999_999_999_999n, '999999999999.999999999', 999_999_999_999],
])('%i ns are written %s and are %i whole seconds', (nanoseconds, text, seconds) => {
  expect(formatMtime(nanoseconds)).toBe(text);
  expect(mtimeSeconds(text)).toBe(seconds);
});

test('whole seconds are rounded down, and the text is one that the index takes', () => {
  const mtime = IndexEntrySchema.shape.mtime;
  const limit = 10n ** 21n - 1n;
  fc.assert(
    fc.property(fc.bigInt({ min: -limit, max: limit }), (nanoseconds) => {
      const text = formatMtime(nanoseconds);
      expect(mtime.safeParse(text).success).toBe(true);
      const whole = nanoseconds / 1_000_000_000n;
      const down = nanoseconds < 0n && nanoseconds % 1_000_000_000n !== 0n ? whole - 1n : whole;
      expect(mtimeSeconds(text)).toBe(Number(down));
    }),
  );
});

test.each([
  '1700000000.123456789',
  '0.000001000',
  '-0.500000000',
  '-86400.000000000',
  '-1.999999000',
])('a file gets the time %s', (mtime) => {
  const path = join(scratchDirectory(), 'file');
  writeFileSync(path, '');
  utimesSync(path, utimesTime(mtime), utimesTime(mtime));
  const difference = statSync(path, { bigint: true }).mtimeNs - BigInt(mtime.replace('.', ''));
  expect(Math.abs(Number(difference))).toBeLessThan(250);
});

test('now is now', () => {
  const before = Date.now();
  const now = Number(currentMtime()) * 1000;
  expect(now).toBeGreaterThanOrEqual(before - 1);
  expect(now).toBeLessThanOrEqual(Date.now() + 1);
});
