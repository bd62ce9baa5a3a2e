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

test('--alarm-removed: backup and diff exit 3, the archive is written and good', async () => {
  const place = bench.build({ appVersion: '3.0.5', documents: 10 });
  const destination = bench.directory('archives');
  const backup = (...words: string[]) => [
    'backup',
    ...flagsOf(place),
    '--filename',
    ...words,
    '--alarm-removed',
    '20%',
    destination,
  ];
  const first = await bench.done(backup('one'));
  expect(first.stderr).toContain('nothing to compare with');
  const quiet = await bench.done(backup('two', '--quiet'));
  expect(quiet.stderr).not.toMatch(/warning|gone/u);

  const database = new DatabaseSync(place.databasePath);
  database.function('REGEXP', { deterministic: true }, (_pattern, _value) => 1);
  database.exec('PRAGMA foreign_keys = OFF');
  const gone = database
    .prepare('SELECT id, title FROM documents_document WHERE root_document_id IS NULL LIMIT 3')
    .all();
  for (const { id } of gone)
    database.prepare('DELETE FROM documents_document WHERE id = ?').run(Number(id));
  database.close();

  const alarm = await bench.done(backup('three', '--quiet'), { code: 3 });
  const path = alarm.stdout.trimEnd();
  expect(alarm.stderr).toMatch(
    /warning: 3 of 10 documents \(30%\) are gone since '.*two\.tar\.zst'/u,
  );
  expect(alarm.stderr).toContain('exit 3: the archive is written, but 3 documents');
  await bench.done(['verify', path]);

  const words = ['diff', first.stdout.trimEnd(), path, '--alarm-removed'];
  await bench.done([...words, '4']);
  const page = await bench.done([...words, '30%'], { code: 3 });
  expect(page.stdout).toContain('3 documents removed');
  expect(page.stderr).toContain('exit 3: 3 of 10 documents (30%) are gone');
  const removal = { documents: 10, removed: 3, percent: 30, isAlarm: true };
  const json = lastJson(await bench.done([...words, '3', '--json'], { code: 3 }));
  expect(json).toMatchObject({ exitCode: 3, removal });
  for (const limit of ['0', '0%', '101%', '2.5', 'many'])
    await bench.done([...words, limit], { code: 2 });
});

test('contradictions and damaged archives', async () => {
  const place = bench.build({ appVersion: '3.0.5', documents: 5 });
  const archive = await makeArchive(bench, place);
  const usage = { exit: 2, code: 'usage' };
  const alarmed = ['backup', ...flagsOf(place), '--alarm-removed', '5%', '--dry-run'];
  await expectRefusal(bench, alarmed, { ...usage, says: /nothing to compare/u });
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
