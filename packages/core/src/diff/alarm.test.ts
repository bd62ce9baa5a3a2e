// The alarm on archives that the verb `backup` makes of an invented application, and the words for it.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { documentOf, paperInstance } from '../../test/paper-instance.ts';
import { rejection } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { backup } from '../backup.ts';
import { diff } from '../diff.ts';
import { prune } from '../prune.ts';
import type { AlarmLimit, BackupOptions, BackupResult, InstanceOptions } from '../verb.ts';
import { RemovalCount, removalBetween } from './alarm.ts';

const named = (path: string | null) => ({ archive: path ?? '', workingDirectory: '/' });

const papers = Object.fromEntries(
  Array.from({ length: 20 }, (_, index) => [
    String(index + 1),
    { title: `paper ${index + 1}`, content: String(index) },
  ]),
);

const archiveOf = async (
  instance: InstanceOptions,
  options: Partial<BackupOptions> = {},
): Promise<BackupResult> =>
  await backup({
    ...instance,
    compression: 'zstd',
    parts: ['database', 'media'],
    excludeClasses: [],
    dryRun: false,
    ...options,
  });

/** Deletes papers with their files, as the application would. */
function remove({ workingDirectory }: InstanceOptions, ids: readonly string[]): void {
  const database = new DatabaseSync(join(workingDirectory, 'db'));
  for (const id of ids) {
    database.prepare('DELETE FROM papers WHERE id = ?').run(id);
    rmSync(join(workingDirectory, 'files', id));
  }
  database.close();
}

test('gone documents are an alarm from the limit on; the archive is written', async () => {
  const instance = paperInstance(papers);
  const destination = scratchDirectory();
  const make = async (filename: string, alarmRemoved: AlarmLimit) =>
    await archiveOf(instance, { destination, filename, alarmRemoved });

  const first = await make('a', { percent: 5 });
  expect(first).toMatchObject({ exitCode: 0, removal: null });
  expect(first.warnings.join()).toMatch(/nothing to compare with: no earlier archive of this/u);

  const same = await make('b', { documents: 1 });
  expect(same).toMatchObject({ exitCode: 0, warnings: [] });
  expect(same.removal).toMatchObject({ documents: 20, removed: 0, percent: 0, isAlarm: false });

  remove(instance, ['2', '10']);
  const below = await make('c', { percent: 10.1 });
  expect(below).toMatchObject({ exitCode: 0, warnings: [] });
  expect(below.removal).toMatchObject({ removed: 2, percent: 10, isAlarm: false });

  remove(instance, ['3', '4', '5', '6', '7', '8']);
  const alarm = await make('d', { percent: 30 });
  expect(alarm.exitCode).toBe(3);
  expect(alarm.removal).toMatchObject({
    since: { name: below.path },
    documents: 18,
    removed: 6,
    isAlarm: true,
  });
  expect(alarm.warnings).toEqual([
    expect.stringMatching(
      /^6 of 18 documents \(33\.3%\) are gone since '.*\/c\.tar\.zst' of .*Z: 3 'paper 3', 4 'paper 4', 5 'paper 5', 6 'paper 6', 7 'paper 7' and 1 more$/u,
    ),
  ]);
  // it is as good an archive as any
  expect(
    await removalBetween(named(first.path), named(alarm.path), { documents: 9 }),
  ).toMatchObject({
    documents: 20,
    removed: 8,
    isAlarm: false,
  });
});

test('a prune after a mass deletion removes nothing, and says why', async () => {
  const instance = paperInstance(papers);
  const destination = scratchDirectory();
  await archiveOf(instance, { destination, filename: 'a' });
  await archiveOf(instance, { destination, filename: 'b' });
  remove(instance, ['1', '2', '3']);
  await archiveOf(instance, { destination, filename: 'c' });
  const run = async (alarmRemoved: AlarmLimit) =>
    await prune({
      destination,
      workingDirectory: '/',
      keep: { counts: { last: 1 }, within: {} },
      dryRun: false,
      alarmRemoved,
    });

  const alarm = await run({ percent: 15 });
  expect(alarm).toMatchObject({ exitCode: 3, removed: 0, kept: 3 });
  expect(alarm.instances[0]?.refused).toMatch(/^3 of 20 documents \(15%\) are gone since/u);
  expect(await run({ percent: 16 })).toMatchObject({ exitCode: 0, removed: 2, kept: 1 });
});

test('archives of other instances and damaged ones are no measure', async () => {
  const [instance, other] = [paperInstance(papers), paperInstance({})];
  const destination = scratchDirectory();
  const good = await archiveOf(instance, { destination, filename: 'good' });
  writeFileSync(join(destination, 'notes.tar'), 'not an archive at all');
  const damaged = await archiveOf(instance, { destination, filename: 'damaged' });
  writeFileSync(damaged.path!, 'x', { flag: 'a' });
  await archiveOf(other, { destination, filename: 'other' });
  remove(instance, ['1']);
  const result = await archiveOf(instance, {
    destination,
    filename: 'new',
    alarmRemoved: { documents: 1 },
  });
  expect(result.removal).toMatchObject({ since: { name: good.path }, removed: 1, isAlarm: true });
  expect(result.warnings).toEqual([
    expect.stringContaining(`left aside while looking for the last archive: '${damaged.path}'`),
    expect.stringContaining('1 of 20 documents (5%) are gone'),
  ]);
});

test('an archive without media is a measure, too, but says nothing of contents', async () => {
  const instance = paperInstance(papers);
  const destination = scratchDirectory();
  await archiveOf(instance, { destination, filename: 'a', parts: ['database'] });
  remove(instance, ['1']);
  writeFileSync(join(instance.workingDirectory, 'files/2'), 'encrypted');
  const alarmRemoved = { documents: 1 };
  const result = await archiveOf(instance, { destination, filename: 'b', alarmRemoved });
  expect(result.removal).toMatchObject({ removed: 1, rewritten: 0, isAlarm: true });
});

test('rewritten contents are counted, and are not gone', async () => {
  const instance = paperInstance(papers);
  const before = await archiveOf(instance, { destination: scratchDirectory() });
  for (const id of ['2', '3'])
    writeFileSync(join(instance.workingDirectory, 'files', id), 'encrypted');
  const after = await archiveOf(instance, { destination: scratchDirectory() });
  const expected = { removed: 0, rewritten: 2, isAlarm: false };
  const limit = { documents: 1 };
  expect(await removalBetween(named(before.path), named(after.path), limit)).toMatchObject(
    expected,
  );
  for (const later of [after.path!, instance]) {
    const found = await diff({
      archive: before.path!,
      with: later,
      workingDirectory: '/',
      alarmRemoved: limit,
    });
    expect(found).toMatchObject({ exitCode: 0, removal: expected });
  }
});

test('diff takes the same limit, for archives and live', async () => {
  const instance = paperInstance(papers);
  const before = await archiveOf(instance, { destination: scratchDirectory() });
  remove(instance, ['19', '20']);
  const options = { archive: before.path!, with: instance, workingDirectory: '/' };
  expect(await diff(options)).toMatchObject({ exitCode: 0, removal: null });
  expect(await diff({ ...options, alarmRemoved: { percent: 11 } })).toMatchObject({ exitCode: 0 });
  const alarm = await diff({ ...options, alarmRemoved: { percent: 10 } });
  expect(alarm).toMatchObject({ exitCode: 3, removal: { removed: 2, isAlarm: true } });
});

test('where there is nothing to compare the wish is refused', async () => {
  const instance = paperInstance({});
  const alarmRemoved = { percent: 5 };
  for (const options of [{ dryRun: true }, { destination: '-' }]) {
    const error = await rejection(archiveOf(instance, { ...options, alarmRemoved }));
    expect(error.code).toBe('usage');
  }
});

test('an empty instance loses nothing, small shares are not rounded up, long titles are cut', () => {
  const since = { name: 'a.tar', createdAt: null };
  expect(new RemovalCount().since(since, { percent: 1 })).toMatchObject({
    percent: 0,
    isAlarm: false,
  });
  const one = new RemovalCount();
  const title = 'x'.repeat(500);
  one.add(documentOf('7', title, ''), 'removed');
  for (let id = 8; id < 2000; id++) one.add(documentOf(String(id), '', ''), 'there');
  expect(one.since(since, { documents: 1 }).explanation).toBe(
    `1 of 1993 documents (less than 0.1%) are gone since 'a.tar': 7 '${'x'.repeat(80)}'`,
  );
});
