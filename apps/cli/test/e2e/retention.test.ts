// `list`, `prune`, `latest` and the locks as a user meets them.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { createBench, expectNoTrace, expectRefusal, flagsOf, lastJson } from './bench.ts';

vi.setConfig({ testTimeout: 180_000 });
const bench = createBench('retention');

interface Listed {
  readonly archives: { readonly name: string; readonly path: string; readonly app: string }[];
  readonly unusable: { readonly name: string; readonly state: string }[];
}

/** A directory with that many archives of a small installation, the oldest first by name. */
async function shelfOf(count: number) {
  const place = bench.build({ appVersion: '3.0.5', documents: 5 });
  const shelf = bench.directory('shelf');
  for (let index = 0; index < count; index++)
    await bench.done([...flagsOf(place), '--filename', `archive-${index}`, shelf, '--quiet']);
  return { place, shelf };
}

test('archives are listed, pruned, and the latest is found', async () => {
  const { place, shelf } = await shelfOf(3);
  copyFileSync(join(shelf, 'archive-0.tar.zst'), join(shelf, 'cut.tar.zst'));
  truncateSync(join(shelf, 'cut.tar.zst'), readFileSync(join(shelf, 'cut.tar.zst')).length - 50);
  writeFileSync(join(shelf, 'notes.txt'), 'x');
  writeFileSync(join(shelf, 'archive-9.tar.zst.partial'), 'x');

  const listed = lastJson<Listed>(await bench.done(['list', shelf, '--json']));
  expect(listed.archives.map(({ name, app }) => [name, app])).toEqual(
    [2, 1, 0].map((index) => [`archive-${index}.tar.zst`, 'paperless']),
  );
  expect(listed.unusable.map(({ name, state }) => [name, state])).toEqual([
    ['cut.tar.zst', 'damaged'],
    ['archive-9.tar.zst.partial', 'unfinished'],
  ]);
  const page = await bench.done(['list', shelf, '--app', 'paperless-ngx']);
  expect(page.stdout).toMatch(/paperless {2}3\.0\.5 .* 5 {2}complete {2}archive-2\.tar\.zst\n/u);
  expect(page.stdout).toMatch(/^damaged: cut\.tar\.zst of 20/mu);
  expect(page.stdout).toContain(`3 archives in ${shelf}, `);
  expect((await bench.done(['list', shelf, '--app', 'nextgisweb'])).stdout).toContain('0 archives');

  for (const verb of ['verify', 'inspect']) {
    const words = [verb, 'latest', '--from', shelf, '--app', 'paperless'];
    expect((await bench.done(words)).stdout).toContain('archive-2.tar.zst');
  }
  const changes = await bench.done(['diff', 'latest', '--from', shelf, ...flagsOf(place)]);
  expect(changes.stdout).toContain('5 documents the same');

  const before = readdirSync(shelf).toSorted();
  const dry = await bench.done(['prune', shelf, '--keep-last', '1', '--dry-run']);
  expect(dry.stdout).toContain('dry run, nothing was removed: 1 archive kept, 2 would be removed');
  expect(readdirSync(shelf).toSorted()).toEqual(before);

  const pruned = await bench.done(['prune', shelf, '--keep-last', '1', '--keep-within', '1h']);
  expect(pruned.stdout).toContain('(within 1h, last)');
  expect(readdirSync(shelf).toSorted()).toEqual(before);
  await bench.done(['prune', shelf, '--keep-last', '1', '--app', 'paperless', '--quiet']);
  expect(readdirSync(shelf).toSorted()).toEqual(
    before.filter((name) => !/^archive-[01]\.tar\.zst$/u.test(name)),
  );
  expectNoTrace(pruned);
});

test('nothing is removed without a rule, or beside a newest archive that is not sound', async () => {
  const { shelf } = await shelfOf(3);
  const before = digests(shelf);
  await expectRefusal(bench, ['prune', shelf], { exit: 2, code: 'usage', says: /no rule/u });
  await expectRefusal(bench, ['prune', shelf, '--keep-last', '0'], {
    exit: 2,
    code: 'usage',
    says: /no rule/u,
  });
  await expectRefusal(bench, ['prune', shelf, '--keep-within', '7w'], {
    exit: 2,
    code: 'usage',
    says: /--keep-within cannot be '7w'/u,
  });
  await expectRefusal(bench, ['prune', `${shelf}-gone`, '--keep-last', '1'], {
    exit: 10,
    code: 'archive-not-found',
    says: /there is no '.*-gone'/u,
  });
  expect(digests(shelf)).toEqual(before);

  const newest = join(shelf, 'archive-2.tar.zst');
  truncateSync(newest, readFileSync(newest).length - 10);
  const left = digests(shelf);
  const refused = await bench.done(['prune', shelf, '--keep-last', '1'], { code: 20 });
  expect(refused.stderr).toMatch(/nothing removed of paperless-ngx .*archive-2\.tar\.zst/u);
  expect(digests(shelf)).toEqual(left);
  expect(readdirSync(shelf)).toHaveLength(3);
});

test('a prune waits for a backup or refuses, and two backups do not mind each other', async () => {
  const { place, shelf } = await shelfOf(2);
  const backups = ['one', 'two'].map((name) =>
    bench.start([...flagsOf(place), '--filename', name, shelf, '--quiet']),
  );
  await vi.waitUntil(() => readdirSync(shelf).some((name) => name.endsWith('.partial')), {
    timeout: 60_000,
    interval: 5,
  });
  for (const { child } of backups) child.kill('SIGSTOP');
  const running = readdirSync(shelf).filter((name) => name.endsWith('.partial'));
  expect(running).not.toEqual([]);
  await expectRefusal(bench, ['prune', shelf, '--keep-last', '1'], {
    exit: 11,
    code: 'locked',
    says: /another dms-backup is working on the archives/u,
  });
  expect(existsSync(join(shelf, 'archive-0.tar.zst'))).toBe(true);
  const waiting = bench.start(['prune', shelf, '--keep-last', '1', '--lock-timeout', '2m']);
  for (const { child } of backups) child.kill('SIGCONT');
  for (const { ended } of backups) expect((await ended).code).toBe(0);
  expect((await waiting.ended).code).toBe(0);
  expect(readdirSync(shelf).filter((name) => !name.endsWith('.tar.zst'))).toEqual([]);
});

test('a restore refuses while a backup of the instance runs, and leaves it alone', async () => {
  const { place, shelf } = await shelfOf(1);
  const backup = bench.start([...flagsOf(place), '--filename', 'running', shelf, '--quiet']);
  await vi.waitUntil(() => existsSync(join(shelf, 'running.tar.zst.partial')), {
    timeout: 60_000,
    interval: 5,
  });
  backup.child.kill('SIGSTOP');
  const restore = ['restore', 'latest', '--from', shelf, ...flagsOf(place), '--yes'];
  await expectRefusal(bench, restore, { exit: 11, code: 'locked', says: /another dms-backup/u });
  backup.child.kill('SIGCONT');
  expect((await backup.ended).code).toBe(0);
  await bench.done(restore);
});

function digests(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory)
      .toSorted()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
  );
}
