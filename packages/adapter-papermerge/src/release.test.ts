import { expect, test } from 'vitest';
import { rangeText } from '@dms-backup/core/adapter-kit';
import { compareReleases, imageOf, isWithin, normalRelease } from './release.ts';

test('order: prereleases before their release, numbers as numbers, a missing last part is zero', () => {
  const ordered = [
    '1.0.0',
    '1.3.0a0',
    '1.3.0',
    '1.10.0',
    '2.0.0rc35',
    '2.0.0rc38',
    '2.0.0',
    '2.1.0b1',
    '2.1.0',
    '3.2',
    '3.3.0',
    '3.6.0a2',
    '3.6.0a16',
    '3.6.0',
  ];
  for (const [index, left] of ordered.entries()) {
    for (const [other, right] of ordered.entries()) {
      expect(Math.sign(compareReleases(left, right)), `${left} ${right}`).toBe(
        Math.sign(index - other),
      );
    }
  }
  expect(compareReleases('3.2', '3.2.0')).toBe(0);
  expect(compareReleases('v1.5.5', '1.5.5')).toBe(0);
});

test('text that is no release', () => {
  expect(normalRelease(' v3.6.0a16 ')).toBe('3.6.0a16');
  for (const text of ['', 'latest', '3', '3.x', '3.5.3.1', '3.5-dev'])
    expect(normalRelease(text), text).toBeNull();
});

test('ranges', () => {
  expect(isWithin('3.0', { from: '3.0.0', to: '3.2.0' })).toBe(true);
  expect(isWithin('3.3', { from: '3.0.0', to: '3.2.0' })).toBe(false);
  expect(rangeText({ from: '3.5.3', to: '3.5.3' })).toBe('3.5.3');
  expect(rangeText({ from: '3.0.0', to: '3.2.0' })).toBe('3.0.0 - 3.2.0');
});

test.each([
  ['1.5.5', 'eugenci/papermerge:v1.5.5'],
  ['2.0.1', 'eugenci/papermerge:v2.0.1'],
  ['2.1.9', 'papermerge/papermerge:2.1.9'],
  ['3.0.0', 'papermerge/papermerge:3.0'],
  ['3.0.3', 'papermerge/papermerge:3.0.3'],
  ['3.2.0', 'papermerge/papermerge:3.2'],
  ['3.5.3', 'papermerge/papermerge:3.5.3'],
  ['3.6.0a16', 'papermerge/papermerge:3.6.0a16'],
])('image of %s', (release, image) => {
  expect(imageOf(release)).toBe(image);
});
