// What integrity_check says, told apart: damage of the file, and rows that break rules of their table. The latter the source
// had before us; they are reported and kept.

import type { DatabaseSync } from 'node:sqlite';
import type { IntegrityReport } from '../engine.ts';

const ruleProblem =
  /^(?:CHECK constraint failed in|NULL value in|NUMERIC value in|TEXT value in|non-\w+ value in) /;

/** Runs integrity_check; at most `limit` messages. */
export function integrityReport(database: DatabaseSync, limit = 100): IntegrityReport {
  const rows = database.prepare(`PRAGMA integrity_check(${limit})`).all();
  const messages = rows
    .map((row) => String(Object.values(row)[0]))
    .filter((message) => message !== 'ok');
  return {
    damage: messages.filter((message) => !ruleProblem.test(message)),
    brokenRules: messages.filter((message) => ruleProblem.test(message)),
  };
}
