// Times as each engine prints them, in one spelling: the catalogue must not depend on the engine. The spelling is the one that
// Django stores in SQLite (`adapt_datetimefield_value`, str() of a datetime in UTC): `2024-01-02 03:04:05.600000`, without
// a fraction when there are no microseconds. Dates look the same everywhere.

import type { EngineName, SqlValue } from '../database/engine.ts';
import { textOrNull } from './row-values.ts';

/** PostgreSQL cuts zeros at the end of the fraction and adds the offset of the session. */
const ofPostgres = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-]\d\d)(?::?(\d\d))?$/;
/** MariaDB prints as many digits as the column has, zeros included. */
const ofMariadb = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d{1,6})$/;

/** Text of a date or time column in the spelling of SQLite, UTC. What is not understood (`infinity`, BC) stays as it is. */
export function timestampText(engine: EngineName, value: SqlValue | undefined): string | null {
  const text = textOrNull(value);
  if (text === null || engine === 'sqlite') return text;
  const match = (engine === 'postgres' ? ofPostgres : ofMariadb).exec(text);
  if (match === null) return text;
  const [, date = '', time = '', fraction = '', hours = '+00', minutes = '00'] = match;
  const microseconds = fraction.padEnd(6, '0');
  return `${inUtc(date, time, `${hours}:${minutes}`)}${microseconds === '000000' ? '' : `.${microseconds}`}`;
}

function inUtc(date: string, time: string, offset: string): string {
  if (/^[+-]00:00$/.test(offset)) return `${date} ${time}`;
  return new Date(`${date}T${time}${offset}`).toISOString().slice(0, 19).replace('T', ' ');
}
