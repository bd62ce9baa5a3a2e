// Names that Django gives to keys and indexes: table, columns, eight digits of an MD5 over both, and a word for the kind.
// Source: Django 5.2, db/backends/base/schema.py `_create_index_name`, db/backends/utils.py `names_digest`. Columns that were
// renamed kept the digits of their first name, which is not followed here.

import { createHash } from 'node:crypto';

/** Longest identifier: PostgreSQL 63 bytes, MariaDB 64 characters. */
export type NameLength = 63 | 64;

/** `suffix` is `_uniq`, `_like`, `_fk_<table>_<column>` or nothing. */
export function nameIndex(
  table: string,
  columns: readonly string[],
  suffix: string,
  longest: NameLength,
): string {
  const digits = createHash('md5')
    .update(table + columns.join(''))
    .digest('hex')
    .slice(0, 8);
  const all = columns.join('_');
  const whole = `${table}_${all}_${digits}${suffix}`;
  if (whole.length <= longest) return whole;
  // A third for the end, the rest is shared by table and columns.
  const end = `${digits}${suffix}`.slice(0, Math.max(digits.length, Math.floor(longest / 3)));
  const share = Math.floor((longest - end.length) / 2) - 1;
  return `${table.slice(0, share)}_${all.slice(0, share)}_${end}`;
}
