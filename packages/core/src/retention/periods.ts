// The periods of the calendar that retention counts: an hour, a day, a week from Monday to Sunday (ISO 8601), a month, a year,
// all in the time zone of the machine.

export const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof periods)[number];

const two = (value: number): string => String(value).padStart(2, '0');

/** A name for the period of that kind in which the moment lies: the same for all moments of the period. */
export function periodOf(kind: Period, moment: Date): string {
  const year = String(moment.getFullYear());
  const month = `${year}-${two(moment.getMonth() + 1)}`;
  const day = `${month}-${two(moment.getDate())}`;
  switch (kind) {
    case 'hourly':
      return `${day} ${two(moment.getHours())}`;
    case 'daily':
      return day;
    case 'weekly':
      return isoWeek(moment);
    case 'monthly':
      return month;
    case 'yearly':
      return year;
  }
}

/** `2026-W53`: a week belongs to the year in which its Thursday lies. */
function isoWeek(moment: Date): string {
  // days are counted on a calendar without summer time
  const day = Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate());
  const sinceMonday = (new Date(day).getUTCDay() + 6) % 7;
  const thursday = new Date(day + (3 - sinceMonday) * dayMs);
  const firstOfYear = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - firstOfYear) / dayMs / 7) + 1;
  return `${thursday.getUTCFullYear()}-W${two(week)}`;
}

const dayMs = 86_400_000;
