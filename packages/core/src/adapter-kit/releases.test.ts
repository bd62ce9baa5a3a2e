import { expect, test } from 'vitest';
import { createReleaseOrder, rangeText } from './releases.ts';

const { compareReleases, isWithin } = createReleaseOrder((release) =>
  release.split('.').map(Number),
);

test('releases are ordered by their parts as numbers', () => {
  expect(compareReleases('2.9.0', '2.10.0')).toBeLessThan(0);
  expect(compareReleases('3.0.0', '2.20.15')).toBeGreaterThan(0);
  expect(compareReleases('3.0.5', '3.0.5')).toBe(0);
});

test('a range has both its ends', () => {
  const range = { from: '2.20.5', to: '2.20.15' };
  expect(
    ['2.20.4', '2.20.5', '2.20.9', '2.20.15', '2.20.16'].map((each) => isWithin(each, range)),
  ).toEqual([false, true, true, true, false]);
  expect(rangeText(range)).toBe('2.20.5 - 2.20.15');
  expect(rangeText({ from: '3.0.5', to: '3.0.5' })).toBe('3.0.5');
});
