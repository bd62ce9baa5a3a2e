// `diff` as a user calls it: two archives of a changing installation, and an archive against the live one.

import { DatabaseSync } from 'node:sqlite';

import { expect, test, vi } from 'vitest';

import {
  createBench,
  expectNoTrace,
  expectRefusal,
  flagsOf,
  lastJson,
  makeArchive,
} from './bench.ts';

vi.setConfig({ testTimeout: 60_000 });
const bench = createBench('diff');

interface Changes {
  readonly counts: Record<string, number>;
  readonly documents: { readonly change: string; readonly id: string; readonly fields: string[] }[];
}

test('what is gone, new and changed is named; nothing is touched', async () => {
  const place = bench.build({ appVersion: '3.0.5', documents: 10 });
  const monday = await makeArchive(bench, place);
  const database = new DatabaseSync(place.databasePath);
  database.function('REGEXP', { deterministic: true }, (_pattern, _value) => 1);
  const [first, second] = database
    .prepare('SELECT id FROM documents_document WHERE root_document_id IS NULL ORDER BY id LIMIT 2')
    .all()
    .map(({ id }) => String(id));
  database.exec('PRAGMA foreign_keys = OFF');
  database.prepare('DELETE FROM documents_document WHERE id = ?').run(first!);
  database.prepare("UPDATE documents_document SET title = 'Renamed' WHERE id = ?").run(second!);
  database.close();
  const expected = {
    counts: { added: 0, removed: 1, changed: 1 },
    documents: [
      { change: 'removed', id: first },
      { change: 'changed', id: second, title: 'Renamed', fields: ['title'] },
    ],
  };

  const live = await bench.done(['diff', monday, ...flagsOf(place), '--json']);
  expect(lastJson<Changes>(live)).toMatchObject(expected);
  const tuesday = await makeArchive(bench, place);
  const archives = await bench.done(['diff', monday, tuesday, '--json']);
  expect(lastJson<Changes>(archives)).toMatchObject(expected);

  const page = await bench.done(['diff', monday, tuesday]);
  expect(page.stdout).toContain('1 document removed');
  expect(page.stdout).toContain(`  ~ ${second} 'Renamed'`);
  expectNoTrace(page);
});

test('contradictions and damaged archives', async () => {
  const place = bench.build({ appVersion: '3.0.5', documents: 5 });
  const archive = await makeArchive(bench, place);
  const usage = { exit: 2, code: 'usage' };
  await expectRefusal(bench, ['diff', archive], { ...usage, says: /nothing to compare/u });
  await expectRefusal(bench, ['diff', archive, archive, '--app', 'paperless'], {
    ...usage,
    says: /one of them too many/u,
  });
  await expectRefusal(bench, ['diff', archive, `${archive}.gone`], {
    exit: 10,
    code: 'archive-not-found',
    says: /there is no archive/u,
  });
});
