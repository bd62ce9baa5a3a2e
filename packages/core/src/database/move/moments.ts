// Dates, times and intervals. Timestamps are UTC; what has no zone is taken for UTC, as Django writes it to SQLite and MariaDB
// (django/db/backends/sqlite3/operations.py, adapt_datetimefield_value). Texts are PostgreSQL's (DateStyle ISO, IntervalStyle
// postgres), MariaDB's, and what SQLite's users write.

import { problem, type Problem } from './problem.ts';

const dateForm = /^(\d{4,6})-(\d\d)-(\d\d)( BC)?$/;
const timeForm = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/;
const timestampForm =
  /^(\d{4,6}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?)?( BC)?$/;
/** What Django writes, of dates that every month has. */
const usualForm =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(?!000000)\d{6})?$/;
const infinity = /^-?infinity$/;

const daysInMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `YYYY-MM-DD`, `... BC`, `infinity` or `-infinity`. */
export function parseDate(text: string): string | Problem {
  if (infinity.test(text)) return text;
  const match = dateForm.exec(text);
  if (!match) return problem('type');
  const [, year, month, day] = match.map(Number);
  if (month === 0 || day === 0 || year === 0) return problem('zero-date');
  return isDay(year ?? 0, month ?? 0, day ?? 0, match[4] !== undefined) ? text : problem('type');
}

function isDay(year: number, month: number, day: number, isBc: boolean): boolean {
  if (month > 12 || day > (daysInMonth[month - 1] ?? 0)) return false;
  // 1 BC is the year 0 of the calendar's arithmetic.
  const count = isBc ? 1 - year : year;
  const isLeap = count % 4 === 0 && (count % 100 !== 0 || count % 400 === 0);
  return month !== 2 || day < 29 || isLeap;
}

/** Days of months that exist on 29 February are checked above; this is the order of fields only. */
interface Clock {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly micros: number;
}

function parseClock(text: string): Clock | Problem {
  const match = timeForm.exec(text);
  if (!match) return problem('type');
  const [, hours, minutes, seconds = '00', fraction = ''] = match;
  if (/[1-9]/.test(fraction.slice(6))) return problem('precision');
  const clock = {
    hours: Number(hours),
    minutes: Number(minutes),
    seconds: Number(seconds),
    micros: Number(fraction.slice(0, 6).padEnd(6, '0')),
  };
  return clock.minutes > 59 || clock.seconds > 59 ? problem('type') : clock;
}

/** `HH:MM:SS`, with six digits behind a point when they are not all zero. */
export function parseTime(text: string): string | Problem {
  const clock = parseClock(text);
  if (!('hours' in clock)) return /^-|^\d{3}/.test(text) ? problem('range') : clock;
  return clock.hours > 24 ? problem('range') : clockText(clock);
}

function clockText({ hours, minutes, seconds, micros }: Clock): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${fraction}`;
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, `... BC`, `infinity` or `-infinity`. */
export function parseTimestamp(text: string): string | Problem {
  const wall = text.endsWith('+00') ? text.slice(0, -3) : text;
  if (usualForm.test(wall)) return wall;
  if (infinity.test(text)) return text;
  const match = timestampForm.exec(text);
  if (!match) return problem('type');
  const [, day = '', time = '00:00:00', zone, era = ''] = match;
  const date = parseDate(day + era);
  if (typeof date !== 'string') return date;
  const clock = parseClock(time);
  if (!('hours' in clock)) return clock;
  if (clock.hours > 23) return problem('type');
  const offset = zone === undefined || zone === 'Z' ? 0 : offsetSeconds(zone);
  if (offset === 0) return `${day} ${clockText(clock)}${era}`;
  return shifted(day, clock, offset, era);
}

function offsetSeconds(zone: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = (zone.slice(1).match(/\d\d/g) ?? []).map(Number);
  const size = hours * 3600 + minutes * 60 + seconds;
  return zone.startsWith('-') ? -size : size;
}

function shifted(day: string, clock: Clock, offset: number, era: string): string | Problem {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  if (era !== '') return problem('range');
  const moment = new Date(0);
  // The setter, unlike Date.UTC, takes the years 0 to 99 for what they are.
  moment.setUTCFullYear(year, month - 1, date);
  moment.setUTCHours(clock.hours, clock.minutes, clock.seconds - offset);
  const shiftedYear = moment.getUTCFullYear();
  if (Number.isNaN(shiftedYear) || shiftedYear < 1) return problem('range');
  const two = (number: number): string => String(number).padStart(2, '0');
  const text = `${String(shiftedYear).padStart(4, '0')}-${two(moment.getUTCMonth() + 1)}-${two(moment.getUTCDate())}`;
  const shiftedClock = {
    hours: moment.getUTCHours(),
    minutes: moment.getUTCMinutes(),
    seconds: moment.getUTCSeconds(),
    micros: clock.micros,
  };
  return `${text} ${clockText(shiftedClock)}`;
}

/** Years that SQLite's users (Python: 1 to 9999) and MariaDB have. */
export function isCommonYear(text: string): boolean {
  return /^\d{4}-/.test(text) && !text.endsWith(' BC');
}

const intervalForm =
  /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;
const microsOfDay = 86_400_000_000n;

/** Microseconds of PostgreSQL's text; a day has 24 hours. `range` for months and years, which have no fixed length. */
export function intervalToMicros(text: string): bigint | Problem {
  const match = intervalForm.exec(text);
  if (!match || text === '') return problem('type');
  const [
    ,
    years,
    months,
    days = '0',
    sign,
    hours = '0',
    minutes = '0',
    seconds = '0',
    fraction = '',
  ] = match;
  if (years !== undefined || months !== undefined) return problem('range');
  const size =
    ((BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)) * 1_000_000n +
    BigInt(fraction.padEnd(6, '0'));
  return BigInt(days) * microsOfDay + (sign === '-' ? -size : size);
}

/** As psycopg writes a timedelta of Python: days, and a time that is not negative. */
export function microsToInterval(micros: bigint): string {
  const rest = ((micros % microsOfDay) + microsOfDay) % microsOfDay;
  const days = (micros - rest) / microsOfDay;
  const seconds = Number(rest / 1_000_000n);
  const text = clockText({
    hours: Math.floor(seconds / 3600),
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
    micros: Number(rest % 1_000_000n),
  });
  // The plus sign: `-1 days 01:00:00` would be fine for the server, `-1 days +01:00:00` is what it writes.
  return days === 0n ? text : `${days} days ${days < 0n ? '+' : ''}${text}`;
}

/** Cuts or rejects digits behind the point: undefined when non-zero ones would be lost. */
export function withFraction(text: string, digits: number): string | undefined {
  const [head = '', rest = ''] = text.split('.');
  // An era may follow the fraction; it never does where digits are limited.
  if (/[1-9]/.test(rest.slice(digits))) return undefined;
  const fraction = rest.slice(0, digits).padEnd(digits, '0');
  return digits === 0 ? head : `${head}.${fraction}`;
}
