// Values of rows in the types that catalogue and references want, whatever the engine delivers.

import type { SqlRow, SqlValue } from '../database/engine.ts';

export function textOrNull(value: SqlValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}

/** NULL as empty text. */
export function text(row: SqlRow, column: string): string {
  return textOrNull(row[column]) ?? '';
}

export function numberOrNull(value: SqlValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
