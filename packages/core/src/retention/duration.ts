// Lengths of time as restic writes them: `2y5m7d3h`. Months and years are those of the calendar, not a number of seconds.

import { DmsBackupError } from '../errors.ts';

export interface CalendarDuration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const none: CalendarDuration = { years: 0, months: 0, days: 0, hours: 0 };
const units = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const;
const letters = Object.keys(units) as (keyof typeof units)[];

/** Reads `1y5m7d2h`: any of the four, each with a whole number, in any order; one that is repeated counts once, the last. Throws `usage`. */
export function parseCalendarDuration(text: string): CalendarDuration {
  if (!/^(?:\d{1,6}[ymdh])+$/.test(text)) {
    throw new DmsBackupError('usage', `cannot understand the duration '${text}'`, {
      hint: 'Write numbers with y, m, d, h for years, months, days and hours, e.g. 7d or 1y5m7d2h.',
    });
  }
  let duration = none;
  for (const [, amount = '', letter = ''] of text.matchAll(/(\d+)([ymdh])/g))
    duration = { ...duration, [units[letter as keyof typeof units]]: Number(amount) };
  return duration;
}

/** `1y5m7d2h`; nothing for no time. */
export function formatCalendarDuration(duration: CalendarDuration): string {
  return letters
    .filter((letter) => duration[units[letter]] > 0)
    .map((letter) => `${duration[units[letter]]}${letter}`)
    .join('');
}

export function isNoTime(duration: CalendarDuration): boolean {
  return Object.values(duration).every((amount) => amount === 0);
}

/**
 * The moment that lies so long before, on the calendar of the machine's time zone. A day that its month does not have runs
 * over into the next month: a month before 31 March is 3 March (2 March in a leap year).
 */
export function before(moment: Date, { years, months, days, hours }: CalendarDuration): Date {
  const found = new Date(moment);
  found.setFullYear(found.getFullYear() - years, found.getMonth() - months, found.getDate() - days);
  return new Date(found.getTime() - hours * 3_600_000);
}
