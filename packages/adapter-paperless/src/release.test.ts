import { expect, test } from 'vitest';
import { rangeText } from '@dms-backup/core/adapter-kit';
import { compareReleases, imageOf, isWithin, normalRelease } from './release.ts';

test('reads complete releases only', () => {
  expect(normalRelease('v3.0.5')).toBe('3.0.5');
  expect(normalRelease(' 2.20.15 ')).toBe('2.20.15');
  expect(normalRelease('3.0.0-beta.rc1')).toBe('3.0.0-beta.rc1');
  expect(normalRelease('ngx-1.7.0')).toBe('1.7.0');
  for (const text of ['latest', '3.0', '3', '', '3.0.5.1', 'dev', '3.0.5-arm64']) {
    expect(normalRelease(text), text).toBeNull();
  }
});

test('orders by number, prereleases before their release', () => {
  const ordered = [
    '1.7.0',
    '1.9.2',
    '1.10.0-beta.rc1',
    '1.10.0-beta.rc2',
    '1.10.0',
    '2.9.0',
    '2.20.4',
    '2.20.15',
    '3.0.0',
  ];
  expect(ordered.toReversed().toSorted(compareReleases)).toEqual(ordered);
});

test('ranges include their ends', () => {
  const range = { from: '2.20.5', to: '2.20.15' };
  expect(
    ['2.20.4', '2.20.5', '2.20.10', '2.20.15', '3.0.0'].filter((each) => isWithin(each, range)),
  ).toEqual(['2.20.5', '2.20.10', '2.20.15']);
  expect(rangeText(range)).toBe('2.20.5 - 2.20.15');
  expect(rangeText({ from: '2.0.0', to: '2.0.0' })).toBe('2.0.0');
  expect(imageOf('3.0.5')).toBe('paperlessngx/paperless-ngx:3.0.5');
  expect(imageOf('1.7.1')).toBe('paperlessngx/paperless-ngx:1.7.1');
  expect(imageOf('1.7.0')).toBe('ghcr.io/paperless-ngx/paperless-ngx:ngx-1.7.0');
});
