// Random dates of archives and random rules, as people have them: clusters on one day and at the edges of periods.

import fc from 'fast-check';
import { formatCalendarDuration } from '../src/retention/duration.ts';
import type { KeepRules } from '../src/retention/choose.ts';
import { periods } from '../src/retention/periods.ts';

/** A zone with summer time, so that hours and days of the machine are not those of UTC. */
export const zone = 'Europe/Berlin';

const first = Date.UTC(2023, 11, 20);
const last = Date.UTC(2026, 10, 20);

const second = fc
  .oneof(
    fc.integer({ min: first / 1000, max: last / 1000 }),
    // three days around the changes of the clock and of the year
    fc
      .tuple(
        fc.constantFrom('2026-10-25', '2026-03-29', '2025-01-01', '2024-12-30', '2024-02-29'),
        fc.integer({ min: -86_400, max: 2 * 86_400 }),
      )
      .map(([day, offset]) => Date.parse(`${day}T00:00:00Z`) / 1000 + offset),
  )
  .map((value) => value * 1000);

/** Up to 30 different moments with whole seconds. */
export const dateLists = fc
  .uniqueArray(second, { minLength: 1, maxLength: 30 })
  .map((values) => values.map((value) => new Date(value)));

const count = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant(Number.POSITIVE_INFINITY));
const duration = fc
  .record({
    years: fc.nat(2),
    months: fc.nat(14),
    days: fc.nat(40),
    hours: fc.nat(50),
  })
  .filter((value) => Object.values(value).some((amount) => amount > 0));

/** At least one rule. */
export const rulesets: fc.Arbitrary<KeepRules> = fc
  .record({
    counts: fc.record(
      { last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count },
      { requiredKeys: [] },
    ),
    within: fc.record(
      {
        any: duration,
        hourly: duration,
        daily: duration,
        weekly: duration,
        monthly: duration,
        yearly: duration,
      },
      { requiredKeys: [] },
    ),
  })
  .filter(({ counts, within }) => Object.keys({ ...counts, ...within }).length > 0);

/** Stands for all: restic has the word `unlimited` only since 0.16. */
export const more = 99_999;

/** The same rules as flags of `restic forget`. */
export function resticFlags({ counts, within }: KeepRules): string[] {
  const flags: string[] = [];
  for (const kind of ['last', ...periods] as const) {
    const value = counts[kind];
    if (value !== undefined) flags.push(`--keep-${kind}`, String(Math.min(value, more)));
  }
  for (const kind of ['any', ...periods] as const) {
    const value = within[kind];
    if (value === undefined) continue;
    flags.push(
      kind === 'any' ? '--keep-within' : `--keep-within-${kind}`,
      formatCalendarDuration(value),
    );
  }
  return flags;
}
