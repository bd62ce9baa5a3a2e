import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['verify', 'verify', 0],
    ['verfy', 'verify', 1],
    ['bakcup', 'backup', 1],
    ['restore', 'resource', 3],
  ])('%s -> %s is %i', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe('nearest', () => {
  it('finds the word that was meant, whatever its case', () => {
    expect(nearest('Restor', ['verify', 'restore'])).toBe('restore');
    expect(nearest('--jsn', ['--json', '--only'])).toBe('--json');
  });

  it('says nothing when no word is near', () => {
    expect(nearest('everything', ['verify', 'restore'])).toBeUndefined();
    expect(nearest('papermerge', ['paperless'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
