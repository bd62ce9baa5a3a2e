import type { Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { compatibility } from './compatibility.ts';

function stampOf(migrations: readonly string[], appVersion: string | null = null): Stamp {
  return {
    appVersion,
    range: null,
    foundBy: 'test',
    evidence: [],
    migrations: migrations.toSorted(),
    migrationState: 'unknown',
    warnings: [],
  };
}

const one = ['archive.0001_initial', 'auth.0001_initial'];
const two = [...one, 'archive.0002_title'];
const three = [...two, 'auth.0002_email', 'blog.0001_initial'];
const fork = [...one, 'archive.0002_other'];

test.each([
  ['same set', one, one, 'same', []],
  ['archive older by one', one, two, 'migrates', ['it lacks archive: 0002_title']],
  ['archive older by two apps', two, three, 'migrates', ['auth: 0002_email', 'blog: 0001_initial']],
  ['archive newer', two, one, 'too-new', ['the target lacks archive: 0002_title']],
  ['archive newer by two apps', three, one, 'too-new', ['archive: 0002_title; auth: 0002_email']],
  ['same numbers, other names', two, fork, 'unknown', ['0002_title', '0002_other', 'squashed']],
  ['nothing in common', one, ['x.0001_initial'], 'unknown', ['x: 0001_initial']],
  ['no record in the archive', [], one, 'unknown', ['no record']],
  ['no record on both sides', [], [], 'unknown', ['no record']],
  ['no record in the target', one, [], 'unknown', ['the target has no record']],
] as const)('%s', (_, archive, target, verdict, says) => {
  const answer = compatibility(stampOf(archive), stampOf(target));
  expect(answer.verdict).toBe(verdict);
  for (const text of says) expect(answer.explanation).toContain(text);
});

test('without a record the code that made the archive is the way', () => {
  for (const [archive, target] of [
    [stampOf([], '1.4.0'), stampOf(one)],
    [stampOf(one, '1.4.0'), stampOf([])],
  ] as const) {
    expect(compatibility(archive, target).steps.join(' ')).toContain('(1.4.0)');
  }
});

test('an upgrade goes one way, for every pair', () => {
  const mirror = { same: 'same', migrates: 'too-new', 'too-new': 'migrates', unknown: 'unknown' };
  for (const archive of [one, two, three, fork]) {
    for (const target of [one, two, three, fork]) {
      const forwards = compatibility(stampOf(archive), stampOf(target)).verdict;
      const backwards = compatibility(stampOf(target), stampOf(archive)).verdict;
      expect(backwards).toBe(mirror[forwards as keyof typeof mirror]);
    }
  }
});

test('an empty place, with the version to install', () => {
  const answer = compatibility(stampOf(one, '1.4.0'), null);
  expect(answer.verdict).toBe('same');
  expect(answer.steps.join(' ')).toContain('(1.4.0)');
  expect(compatibility(stampOf([]), null).verdict).toBe('unknown');
});

test('the version does not decide', () => {
  expect(compatibility(stampOf(one, '2.0'), stampOf(one, '1.0')).verdict).toBe('same');
  expect(compatibility(stampOf(two, '1.0'), stampOf(one, '2.0')).steps[0]).toContain('(1.0)');
});

test('long lists are cut, with the number of the rest', () => {
  const many = Array.from(
    { length: 40 },
    (_, number) => `archive.${String(number).padStart(4, '0')}_x`,
  );
  const { explanation } = compatibility(stampOf(['archive.0000_x']), stampOf(many));
  expect(explanation).toContain('0005_x and 34 more');
  expect(explanation.length).toBeLessThan(200);
});
