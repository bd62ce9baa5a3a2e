// The pages of `list` and `prune`: what is wide, narrow, damaged, refused.

import type { ListedArchive, PruneResult, UnusableFile } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { createPaint } from '../paint.ts';
import { drawList } from './list-page.ts';
import { drawPrune } from './prune-page.ts';

const paint = createPaint(false);
const context = { stdout: paint, stderr: paint, elapsedMs: 0 };

const archive: ListedArchive = {
  name: 'paperless-3.0.5-20261121T031500Z.tar.zst',
  path: '/backup/paperless-3.0.5-20261121T031500Z.tar.zst',
  copies: [],
  archiveId: '7f9c24e8-3b12-4fef-91e0-1b0c3bb1a111',
  app: 'paperless',
  title: 'paperless-ngx',
  appVersion: '3.0.5',
  instance: 'sqlite:/srv/data/db.sqlite3; /srv/data, /srv/media',
  createdAt: '2026-11-21T03:15:00.000Z',
  sealedAt: '2026-11-21T03:16:00Z',
  sizeBytes: 1_288_490_189,
  documents: 4812,
  documentsComplete: 4812,
  complete: true,
};
const incomplete: ListedArchive = {
  ...archive,
  name: 'old.tar',
  copies: ['copy.tar'],
  createdAt: '2026-01-02T03:15:00.000Z',
  documentsComplete: 4810,
  complete: false,
};
const damaged: UnusableFile = {
  name: 'cut.tar.zst',
  path: '/backup/cut.tar.zst',
  sizeBytes: 12,
  state: 'damaged',
  reason: 'it was cut',
  app: 'paperless',
  createdAt: '2026-11-22T03:15:00.000Z',
};
const foreign: UnusableFile = { ...damaged, name: 'theirs.tar.gz', state: 'foreign' };
const common = { destination: '/backup', unusable: [damaged, foreign], others: 0 };

test('archives are a table with the name at the end', () => {
  const result = { ...common, archives: [archive, incomplete], exitCode: 0 } as const;
  expect(drawList(result, context, { width: Infinity }).stdout).toEqual([
    'created               app        version     size       documents  state       name',
    '2026-11-21 03:15 UTC  paperless  3.0.5    1.2 GiB           4,812  complete    paperless-3.0.5-20261121T031500Z.tar.zst',
    '2026-01-02 03:15 UTC  paperless  3.0.5    1.2 GiB  4,810 of 4,812  incomplete  old.tar (also copy.tar)',
    '',
    'damaged: cut.tar.zst of 2026-11-22 03:15 UTC: it was cut',
    '2 archives in /backup, 2.4 GiB',
  ]);
});

test('on a narrow terminal the name is on a line of its own, and nothing is wider', () => {
  const result = { ...common, archives: [archive, incomplete], exitCode: 0 } as const;
  const { stdout } = drawList(result, context, { width: 80 });
  expect(stdout.slice(1, 3)).toEqual([
    '2026-11-21 03:15 UTC  paperless  3.0.5    1.2 GiB           4,812  complete  ',
    '  paperless-3.0.5-20261121T031500Z.tar.zst',
  ]);
  expect(stdout.filter((line) => line.length > 80)).toEqual([]);
});

test('a prune says what stays and why, what goes, and what it refuses', () => {
  const instance = { app: 'paperless', title: 'paperless-ngx', instance: archive.instance };
  const result: PruneResult = {
    ...common,
    dryRun: false,
    instances: [
      {
        ...instance,
        refused: null,
        archives: [
          { ...archive, reasons: ['last', 'oldest daily'], fate: 'kept', failure: null },
          { ...incomplete, reasons: [], fate: 'removed', failure: null },
          { ...incomplete, reasons: [], fate: 'failed', failure: "cannot write 'x' (EROFS)" },
        ],
      },
      {
        ...instance,
        refused: 'the newest archive is not sound',
        archives: [{ ...archive, reasons: [], fate: 'kept', failure: null }],
      },
    ],
    kept: 3,
    removed: 1,
    removedBytes: 1_288_490_189,
    exitCode: 20,
  };
  const page = drawPrune(result, context);
  expect(page.stdout).toEqual([
    `paperless-ngx: ${archive.instance}`,
    `  keep    2026-11-21 03:15 UTC   1.2 GiB  ${archive.name}  (last, oldest daily)`,
    '  remove  2026-01-02 03:15 UTC   1.2 GiB  old.tar',
    '  failed  2026-01-02 03:15 UTC   1.2 GiB  old.tar',
    '',
    `paperless-ngx: ${archive.instance}`,
    `  keep    2026-11-21 03:15 UTC   1.2 GiB  ${archive.name}  (refused)`,
    '',
    'left alone:',
    '  damaged: cut.tar.zst of 2026-11-22 03:15 UTC: it was cut',
    '',
    '3 archives kept, 1 removed (1.2 GiB)',
  ]);
  expect(page.alarms).toEqual([
    `nothing removed of paperless-ngx (${archive.instance}): the newest archive is not sound`,
    "not removed: cannot write 'x' (EROFS)",
  ]);
});
