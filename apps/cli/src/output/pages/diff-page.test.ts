import type { DiffResult } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { createPaint } from '../paint.ts';
import { drawDiff } from './diff-page.ts';

const paint = createPaint(false);
const context = { stdout: paint, stderr: paint, elapsedMs: 1000 };

const result: DiffResult = {
  before: { name: '/backup/monday.tar.zst', createdAt: '2026-11-16T03:15:00Z' },
  after: { name: 'live paperless-ngx', createdAt: null },
  counts: { added: 1, removed: 30, changed: 1, same: 4780 },
  documents: [
    ...Array.from({ length: 30 }, (_, index) => ({
      change: 'removed' as const,
      id: String(index + 1),
      title: `Invoice ${index + 1}`,
      owner: null,
      fields: [],
    })),
    { change: 'added', id: '4812', title: 'Letter', owner: 'anna', fields: [] },
    { change: 'changed', id: '7', title: 'Contract', owner: 'anna', fields: ['title', 'content'] },
  ],
  tables: [{ table: 'auth_user', before: 4, after: 5 }],
  removal: null,
  exitCode: 0,
};

test('losses come first, long lists are cut, everything is counted', () => {
  const { stdout } = drawDiff(result, context);
  expect(stdout[1]).toBe('to   live paperless-ngx');
  expect(stdout.slice(3, 6)).toEqual([
    '30 documents removed',
    "  - 1 'Invoice 1'",
    "  - 2 'Invoice 2'",
  ]);
  expect(stdout).toContain('  and 10 more, see --json');
  expect(stdout.slice(-8)).toEqual([
    '1 document added',
    "  + 4812 'Letter' (anna)",
    '1 document changed',
    "  ~ 7 'Contract' (anna): title, content",
    '4,780 documents the same',
    '',
    'Tables with another number of rows',
    '  auth_user: 4, now 5',
  ]);
});

test('an alarm goes to stderr, also with --quiet', () => {
  expect(drawDiff(result, context).alarms).toEqual([]);
  const removal = {
    since: result.before,
    documents: 4811,
    removed: 30,
    percent: 0.62,
    first: [],
    rewritten: 0,
    isAlarm: true,
    explanation: '30 documents are gone',
  };
  const { alarms } = drawDiff({ ...result, removal, exitCode: 3 }, context);
  expect(alarms).toEqual(['exit 3: 30 documents are gone']);
  expect(drawDiff({ ...result, removal: { ...removal, isAlarm: false } }, context).alarms).toEqual(
    [],
  );
});
