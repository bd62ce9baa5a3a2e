// The rules of retention: properties that hold for every set of archives, and the same answers as restic itself.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { dateLists, rulesets, zone } from '../../test/retention-arbitraries.ts';
import { assertKeepsSomething, chooseKept } from './choose.ts';
import type { Dated, KeepRules } from './choose.ts';
import { parseCalendarDuration } from './duration.ts';

process.env['TZ'] = zone;

const now = new Date('2027-06-01T00:00:00Z');

function archivesAt(dates: readonly Date[]): Dated[] {
  return dates.map((createdAt, index) => ({ archiveId: `archive-${index}`, createdAt }));
}

function kept(
  archives: readonly Dated[],
  rules: KeepRules,
  needs?: (one: Dated) => string[],
): Dated[] {
  return chooseKept(archives, rules, { now, ...(needs && { needs }) })
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ archive }) => archive);
}

function only(counts: KeepRules['counts'], within: KeepRules['within'] = {}): KeepRules {
  return { counts, within };
}

function at(...times: string[]): Dated[] {
  return archivesAt(times.map((time) => new Date(time)));
}

describe('whatever the archives and the rules', () => {
  test('the newest archive stays', () => {
    fc.assert(
      fc.property(dateLists, rulesets, (dates, rules) => {
        const archives = archivesAt(dates);
        const newest = archives.toSorted((a, b) => Number(b.createdAt) - Number(a.createdAt))[0];
        expect(kept(archives, rules)).toContain(newest);
      }),
    );
  });

  test('a second time removes nothing more', () => {
    fc.assert(
      fc.property(dateLists, rulesets, (dates, rules) => {
        const once = kept(archivesAt(dates), rules);
        expect(kept(once, rules)).toEqual(once);
      }),
    );
  });

  test('a further rule, or a larger number, removes nothing more', () => {
    fc.assert(
      fc.property(dateLists, rulesets, rulesets, (dates, one, other) => {
        const archives = archivesAt(dates);
        const counts = { ...one.counts };
        for (const kind of Object.keys(other.counts) as (keyof typeof counts)[])
          counts[kind] = Math.max(counts[kind] ?? 0, other.counts[kind] ?? 0);
        const both = { counts, within: { ...other.within, ...one.within } };
        expect(kept(archives, both)).toEqual(expect.arrayContaining(kept(archives, one)));
      }),
    );
  });

  test('what a kept archive needs stays, however long the chain', () => {
    const chains = fc.array(fc.option(fc.nat(30), { nil: undefined }), {
      minLength: 30,
      maxLength: 30,
    });
    fc.assert(
      fc.property(dateLists, rulesets, chains, (dates, rules, bases) => {
        const archives = archivesAt(dates);
        const needs = ({ archiveId }: Dated) => {
          const base = bases[Number(archiveId.split('-')[1])];
          return base === undefined ? [] : [`archive-${base}`];
        };
        const stay = new Set(kept(archives, rules, needs).map(({ archiveId }) => archiveId));
        const known = new Set(archives.map(({ archiveId }) => archiveId));
        const broken = archives
          .filter(({ archiveId }) => stay.has(archiveId))
          .flatMap(needs)
          .filter((id) => known.has(id) && !stay.has(id));
        expect(broken).toEqual([]);
      }),
    );
  });
});

describe('a rule', () => {
  test('names its reasons', () => {
    const archives = at(
      '2026-11-21T10:00Z',
      '2026-11-21T09:00Z',
      '2026-11-20T09:00Z',
      '2026-11-20T08:00Z',
    );
    const rules = only({ last: 1, daily: 7 }, { any: parseCalendarDuration('1d') });
    const reasons = chooseKept(archives, rules, { now }).map((choice) => choice.reasons);
    expect(reasons).toEqual([
      ['within 1d', 'last', 'daily'],
      ['within 1d'],
      ['daily'],
      ['oldest daily'],
    ]);
  });

  test('that counts from the newest archive does not count from one of the future', () => {
    const archives = at('2030-01-01T00:00Z', '2026-11-21T10:00Z', '2026-11-10T10:00Z');
    expect(kept(archives, only({}, { any: parseCalendarDuration('7d') }))).toEqual(
      archives.slice(0, 2),
    );
  });

  test('of the week follows ISO 8601 over the end of the year', () => {
    // Thursday 31 December 2026 and Sunday 3 January 2027 are of one week, Monday is of the next
    const archives = at(
      '2027-01-04T12:00Z',
      '2027-01-03T12:00Z',
      '2026-12-31T12:00Z',
      '2026-12-20T12:00Z',
    );
    expect(kept(archives, only({ weekly: 2 }))).toEqual(archives.slice(0, 2));
  });

  test('is needed at all', () => {
    assertKeepsSomething(only({ daily: 1 }));
    assertKeepsSomething(only({}, { weekly: parseCalendarDuration('1y') }));
    expect(caught(() => assertKeepsSomething(only({ last: 0 }))).code).toBe('usage');
    expect(
      caught(() => assertKeepsSomething(only({}, { any: parseCalendarDuration('0d') }))).code,
    ).toBe('usage');
  });
});

describe('a duration', () => {
  test('is read as restic reads it', () => {
    expect(parseCalendarDuration('2y5m7d3h')).toEqual({ years: 2, months: 5, days: 7, hours: 3 });
    expect(parseCalendarDuration('36h')).toEqual({ years: 0, months: 0, days: 0, hours: 36 });
  });

  test.each(['', '7', 'd', '7w', '1d 2h', '-1d', '1.5d', '7D'])('cannot be %j', (text) => {
    expect(caught(() => parseCalendarDuration(text)).code).toBe('usage');
  });
});
