// Bad input: each has its exit code, its code for programs, a message and a way out, and leaves nothing half-written.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { flipBit, truncate } from '@dms-backup/test-fixtures';
import type { SampleInstance } from '@dms-backup/test-fixtures';
import { beforeAll, describe, expect, test, vi } from 'vitest';

import { writePackage } from '../fake-adapter.ts';
import {
  bytesOf,
  createBench,
  expectNoTrace,
  expectRefusal,
  flagsOf,
  inNamespace,
  jsonLines,
  lastJson,
  makeArchive,
  namesIn,
  placeIn,
  stateOf,
  told,
  unprivileged,
} from './bench.ts';
import type { Place, Run } from './bench.ts';
import { prove } from './proof.ts';
import type { Declaration } from './proof.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const bench = createBench('bad-input');

let instance: SampleInstance;
let other: SampleInstance;
let archive: string;

beforeAll(async () => {
  instance = bench.build({ appVersion: '3.0.5', documents: 40 });
  other = bench.build({ appVersion: '3.0.5', documents: 12, seed: 2 });
  archive = await makeArchive(bench, instance);
});

const around = (place: Place): string => join(place.dataDirectory, '..');

/** Runs a backup into a new folder that must stay as it is: empty. */
async function refusedBackup(
  words: readonly string[],
  refusal: Parameters<typeof expectRefusal>[2],
  options = {},
): Promise<void> {
  const destination = bench.directory('refused');
  await expectRefusal(bench, ['backup', ...words, destination], refusal, options);
  expect(namesIn(destination)).toEqual([]);
  expect(namesIn(bench.temporary)).toEqual([]);
}

/** Restores over an installation that must stay as it is. */
async function refusedRestore(
  file: string,
  refusal: Parameters<typeof expectRefusal>[2],
  ...words: readonly string[]
): Promise<void> {
  const target = bench.copy(other, 'target');
  const before = bytesOf(around(target));
  await expectRefusal(bench, ['restore', file, ...flagsOf(target), '--yes', ...words], refusal);
  expect(bytesOf(around(target))).toEqual(before);
  expect(namesIn(bench.temporary)).toEqual([]);
}

describe('archives that are none', () => {
  const file = (name: string, content: string | Buffer): string => {
    const path = join(bench.directory('bad'), name);
    writeFileSync(path, content);
    return path;
  };
  const cases: [string, () => string, { exit: number; code: string; says: RegExp }][] = [
    [
      'no file',
      () => join(bench.folder, 'not there.tar.zst'),
      { exit: 10, code: 'archive-not-found', says: /not there/u },
    ],
    [
      'a directory',
      () => bench.directory('directory.tar.zst'),
      { exit: 10, code: 'archive-not-found', says: /no file/u },
    ],
    [
      'an empty file',
      () => file('empty.tar.zst', ''),
      { exit: 20, code: 'not-an-archive', says: /empty/u },
    ],
    [
      'a text',
      () => file('text.tar.zst', 'no archive at all\n'.repeat(1000)),
      { exit: 20, code: 'not-an-archive', says: /archive/u },
    ],
    [
      'zeros',
      () => file('zeros.tar', Buffer.alloc(1 << 20)),
      { exit: 20, code: 'not-an-archive', says: /archive/u },
    ],
    [
      'a SQLite database',
      () => instance.databasePath,
      { exit: 20, code: 'not-an-archive', says: /archive/u },
    ],
    [
      'a tar of somebody else',
      () => {
        const path = join(bench.directory('foreign'), 'foreign.tar');
        execFileSync('tar', ['-cf', path, '-C', instance.mediaDirectory, '.']);
        return path;
      },
      { exit: 20, code: 'archive-damaged', says: /archive/u },
    ],
    [
      'a cut archive',
      () => {
        const path = join(bench.directory('cut'), 'cut.tar.zst');
        copyFileSync(archive, path);
        truncate(path, -1000);
        return path;
      },
      { exit: 20, code: 'archive-damaged', says: /cut/u },
    ],
  ];
  test.each(cases)('%s is refused by verify, inspect and restore', async (_name, make, refusal) => {
    const path = make();
    await expectRefusal(bench, ['verify', path], refusal);
    await expectRefusal(bench, ['inspect', path], refusal);
    await refusedRestore(path, refusal);
  });

  test.runIf(unprivileged)('an archive that may not be read', async () => {
    const path = file('secret.tar.zst', readFileSync(archive));
    chmodSync(path, 0);
    const wrapper = { wrapper: unprivileged ?? [] };
    await expectRefusal(
      bench,
      ['verify', path],
      { exit: 2, code: 'source-unreadable', says: /secret\.tar\.zst/u },
      wrapper,
    );
  });

  test('an archive of a format from the future is told from a damaged one', async () => {
    const plain = await makeArchive(bench, other, '--compression', 'none');
    const bytes = readFileSync(plain);
    const at = bytes.lastIndexOf('"formatVersion": 1');
    expect(at).toBeGreaterThan(0);
    bytes.write('7', at + '"formatVersion": '.length);
    const path = file('future.tar', bytes);
    const run = await bench.run(['verify', path]);
    expect([20, 21], told(run)).toContain(run.code);
    expectNoTrace(run);
  });
});

describe('the wrong application', () => {
  test('an adapter that does not exist', async () => {
    await refusedBackup(['--app', 'paperles'], {
      exit: 2,
      code: 'adapter-not-found',
      says: /Did you mean --app paperless\?/u,
    });
    await refusedRestore(
      archive,
      { exit: 2, code: 'adapter-not-found', says: /openkm/u },
      '--app',
      'openkm',
    );
  });

  test('an archive of another application than --app', async () => {
    const folder = bench.directory('foreign');
    await writePackage(folder, { name: '@dms-backup/adapter-fake' });
    const before = namesIn(folder);
    const words = [
      'restore',
      archive,
      '--app',
      'fake',
      '--media',
      join(folder, 'media'),
      '--database',
      `sqlite://${folder}/db`,
      '--yes',
    ];
    await expectRefusal(
      bench,
      words,
      { exit: 2, code: 'wrong-application', says: /paperless/u },
      { cwd: folder },
    );
    expect(namesIn(folder)).toEqual(before);
  });

  test('no --app, unknown flag, contradiction', async () => {
    await expectRefusal(bench, ['restore', archive], { exit: 2, code: 'usage', says: /--app/u });
    await refusedBackup([...flagsOf(instance), '--only', 'media', '--skip-media'], {
      exit: 2,
      code: 'usage',
      says: /--skip-media|--only/u,
    });
    await refusedBackup([...flagsOf(instance), '--compressionn', 'none'], {
      exit: 2,
      code: 'usage',
      says: /--compression/u,
    });
    await refusedBackup([...flagsOf(instance), '--compression', 'gzip', '--level', '19'], {
      exit: 2,
      code: 'usage',
      says: /1 to 9/u,
    });
  });
});

describe('sources that are not there or cannot be read', () => {
  test('missing media root', async () => {
    const gone = bench.copy(instance, 'source');
    rmSync(gone.mediaDirectory, { recursive: true });
    await refusedBackup(flagsOf(gone), { exit: 2, code: 'media-root-missing', says: /--media/u });
    writeFileSync(gone.mediaDirectory, 'a file');
    await refusedBackup(flagsOf(gone), { exit: 2, code: 'media-root-missing', says: /media/u });
  });

  test('missing database, no place for one', async () => {
    const gone = bench.copy(instance, 'source');
    for (const suffix of ['', '-wal', '-shm']) rmSync(gone.databasePath + suffix, { force: true });
    await refusedBackup(flagsOf(gone), {
      exit: 2,
      code: 'database-not-found',
      says: /db\.sqlite3/u,
    });
    expect(existsSync(gone.databasePath), 'it was made by looking at it').toBe(false);
    await refusedBackup(['--app', 'paperless'], {
      exit: 2,
      code: 'instance-not-found',
      says: /looked/u,
    });
  });

  test('an empty database of 0 bytes, and one without tables', async () => {
    const empty = bench.copy(instance, 'source');
    rmSync(`${empty.databasePath}-wal`, { force: true });
    truncateSync(empty.databasePath);
    await refusedBackup(flagsOf(empty), { exit: 2, code: 'database-not-found', says: /0 bytes/u });
  });

  test('a directory instead of a database', async () => {
    const place = bench.copy(instance, 'source');
    rmSync(place.databasePath);
    mkdirSync(place.databasePath);
    await refusedBackup(flagsOf(place), {
      exit: 2,
      code: 'database-not-found',
      says: /directory/u,
    });
  });

  test('a corrupt database: header, pages, cut', async () => {
    const damages: ((path: string) => void)[] = [
      (path) => flipBit(path, 3),
      (path) => truncate(path, 100_000),
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 40_960, 400_000);
        writeFileSync(path, bytes);
      },
    ];
    for (const damage of damages) {
      const place = bench.copy(instance, 'source');
      damage(place.databasePath);
      const before = bytesOf(around(place));
      await refusedBackup(flagsOf(place), {
        exit: 20,
        code: 'database-corrupt',
        says: /damaged|no SQLite database|malformed|repair|\.recover/u,
      });
      expect(bytesOf(around(place))).toEqual(before);
    }
  });

  test('a configuration file that is not there or makes no sense', async () => {
    await refusedBackup(['--app', 'paperless', '--config', join(bench.folder, 'none.conf')], {
      exit: 2,
      code: 'configuration-invalid',
      says: /none\.conf/u,
    });
    await refusedBackup([...flagsOf(instance), '--database', 'oracle://x/y'], {
      exit: 2,
      code: 'usage',
      says: /sqlite:/u,
    });
    await refusedBackup([...flagsOf(instance), '--database', 'postgres://u:geheim-77@h/y'], {
      exit: 2,
      code: 'usage',
      says: /password/iu,
    });
    const run = await bench.run([
      'backup',
      ...flagsOf(instance),
      '--database',
      'postgres://u:geheim-77@h/y',
      '--verbose',
    ]);
    expect(run.stdout + run.stderr).not.toContain('geheim-77');
  });

  test.runIf(unprivileged)(
    'an original that may not be read: named, exit 3, the others are saved',
    async () => {
      const wrapper = { wrapper: unprivileged ?? [] };
      const place = bench.copy(instance, 'source');
      const document = instance.documents[0];
      if (!document) throw new Error('no document');
      chmodSync(join(place.mediaDirectory, document.original.path), 0);
      const destination = bench.directory('archives');
      const human = await bench.run(
        ['backup', ...flagsOf(place), '--filename', 'a', destination],
        wrapper,
      );
      expect(human.code, told(human)).toBe(3);
      expectNamed(human, document.id, document.title, document.original.path, 'EACCES');
      const before = stateOf(place);
      await expectAllBut(join(destination, 'a.tar.zst'), before, [document.original.path]);
    },
  );

  test.runIf(unprivileged)(
    'a directory, a database, a media root that may not be read',
    async () => {
      const wrapper = { wrapper: unprivileged ?? [] };
      const place = bench.copy(instance, 'source');
      const folder = join(place.mediaDirectory, 'documents/originals/2021');
      chmodSync(folder, 0);
      const run = await bench.run(
        ['backup', ...flagsOf(place), bench.directory('archives')],
        wrapper,
      );
      expect(run.code, told(run)).toBe(3);
      expect(run.stderr).toContain('2021');
      expectNoTrace(run);
      chmodSync(folder, 0o755);
      chmodSync(place.databasePath, 0);
      await refusedBackup(
        flagsOf(place),
        { exit: 2, code: 'database-unreadable', says: /user of the application|root/u },
        wrapper,
      );
      chmodSync(place.databasePath, 0o644);
      chmodSync(place.mediaDirectory, 0);
      await refusedBackup(
        flagsOf(place),
        { exit: 2, code: 'source-unreadable', says: /media/u },
        wrapper,
      );
      chmodSync(place.mediaDirectory, 0o755);
    },
  );
});

/** People see document, title and path; programs, too. */
function expectNamed(run: Run, id: number, title: string, path: string, why: string): void {
  expectNoTrace(run);
  expect(run.stderr).toContain(`document ${id} '${title}'`);
  expect(run.stderr).toContain(path);
  expect(run.stderr).toContain(why);
}

/** The archive is whole and gives everything back but the paths named here. */
async function expectAllBut(
  path: string,
  before: ReturnType<typeof stateOf>,
  lost: readonly string[],
): Promise<void> {
  await bench.done(['verify', path]);
  const { excluded } = lastJson<{ excluded: Declaration[] }>(
    await bench.done(['inspect', path, '--json']),
  );
  const target = bench.emptyPlace('target');
  await bench.done(['restore', path, ...flagsOf(target)]);
  const { differences } = prove(before, stateOf(target), excluded);
  expect(differences.toSorted()).toEqual(
    lost.map((each) => `media: ${each}: file is missing`).toSorted(),
  );
}

describe('sources that are incomplete', () => {
  const find = (
    wanted: (document: SampleInstance['documents'][number]) => boolean,
  ): SampleInstance['documents'][number] => {
    const found = instance.documents.find(wanted);
    if (!found) throw new Error('the fixture has no such document');
    return found;
  };

  test('a missing original: exit 3, named with id, title and path', async () => {
    const place = bench.copy(instance, 'source');
    const document = find(({ original, id }) => original.sizeBytes > 0 && id > 3);
    rmSync(join(place.mediaDirectory, document.original.path));
    const before = stateOf(place);
    const destination = bench.directory('archives');
    const human = await bench.run(['backup', ...flagsOf(place), '--filename', 'a', destination]);
    expect(human.code, told(human)).toBe(3);
    expect(human.stdout).toBe(`${join(destination, 'a.tar.zst')}\n`);
    expectNamed(human, document.id, document.title, document.original.path, 'missing');
    const json = await bench.run(['backup', ...flagsOf(place), '--json', destination]);
    expect(json.code).toBe(3);
    expect(lastJson(json)).toMatchObject({
      type: 'result',
      exitCode: 3,
      proof: {
        documents: 37,
        documentsComplete: 36,
        exceptionsListed: expect.arrayContaining([
          expect.objectContaining({
            reason: 'missing',
            role: 'original',
            documentId: String(document.id),
            documentTitle: document.title,
            path: document.original.path,
          }),
        ]) as unknown,
      },
    });
    await expectAllBut(join(destination, 'a.tar.zst'), before, []);
  });

  test.each([
    ['original', 'changed by one bit'],
    ['original', 'cut to nothing'],
    ['PDF/A copy', 'changed by one bit'],
  ])('the %s, %s: exit 3, the bytes are archived as they are', async (role, how) => {
    const place = bench.copy(instance, 'source');
    const document = find(({ pdfaCopy, original }) => pdfaCopy !== null && original.sizeBytes > 10);
    const path = role === 'original' ? document.original.path : (document.pdfaCopy?.path ?? '');
    if (how.startsWith('cut')) truncateSync(join(place.mediaDirectory, path));
    else flipBit(join(place.mediaDirectory, path), 7);
    const before = stateOf(place);
    const destination = bench.directory('archives');
    const run = await bench.run(['backup', ...flagsOf(place), '--filename', 'a', destination]);
    expect(run.code, told(run)).toBe(3);
    expectNamed(run, document.id, document.title, path, 'sha256');
    await expectAllBut(join(destination, 'a.tar.zst'), before, []);
  });

  test('only thumbnails are missing: exit 0, each is named', async () => {
    const place = bench.copy(instance, 'source');
    const document = find(({ id }) => id === 5);
    rmSync(join(place.mediaDirectory, document.thumbnailPath));
    const run = await bench.run(['backup', ...flagsOf(place), bench.directory('archives')]);
    expect(run.code, told(run)).toBe(0);
    expectNamed(run, document.id, document.title, document.thumbnailPath, 'missing');
    expect(run.stderr).toContain('37 of 37 documents complete');
  });

  test('a directory, a link or a pipe where an original should be', async () => {
    const place = bench.copy(instance, 'source');
    const [one, two, three] = instance.documents.filter(
      ({ original, id }) => original.sizeBytes > 0 && id > 16,
    );
    if (!one || !two || !three) throw new Error('the fixture is too small');
    const at = (document: typeof one): string => join(place.mediaDirectory, document.original.path);
    rmSync(at(one));
    mkdirSync(at(one));
    rmSync(at(two));
    execFileSync('mkfifo', [at(two)]);
    renameSync(at(three), join(around(place), 'outside.pdf'));
    execFileSync('ln', ['-s', join(around(place), 'outside.pdf'), at(three)]);
    const run = await bench.run(['backup', ...flagsOf(place), bench.directory('archives')]);
    expect(run.code, told(run)).toBe(3);
    expectNoTrace(run);
    for (const { original } of [one, two]) expect(run.stderr).toContain(original.path);
    await bench.done(['verify', run.stdout.trimEnd()]);
  });

  test('a path in the database that leads outside the media root is never read', async () => {
    const place = bench.copy(instance, 'source');
    writeFileSync(join(around(place), 'outside.pdf'), 'planted-outside-4711');
    edit(place, "UPDATE documents_document SET filename = '../../../outside.pdf' WHERE id = 5");
    const destination = bench.directory('archives');
    const run = await bench.run([
      'backup',
      ...flagsOf(place),
      '--compression',
      'none',
      destination,
    ]);
    expect(run.code, told(run)).toBe(3);
    expectNoTrace(run);
    expect(readFileSync(run.stdout.trimEnd(), 'latin1')).not.toContain('planted-outside-4711');
  });
});

function edit(place: Place, sql: string): void {
  const database = new DatabaseSync(place.databasePath);
  try {
    database.function('regexp', { deterministic: true }, (pattern, text) =>
      new RegExp(String(pattern), 'u').test(String(text)) ? 1 : 0,
    );
    database.exec(sql);
  } finally {
    database.close();
  }
}

describe('destinations', () => {
  test('an existing file is kept and refused', async () => {
    const folder = bench.directory('archives');
    const path = join(folder, 'mine.tar.zst');
    writeFileSync(path, 'mine');
    const before = bytesOf(folder);
    await expectRefusal(bench, ['backup', ...flagsOf(instance), path], {
      exit: 22,
      code: 'destination-exists',
      says: /mine\.tar\.zst/u,
    });
    await expectRefusal(bench, ['backup', ...flagsOf(instance), '--filename', 'mine', folder], {
      exit: 22,
      code: 'destination-exists',
      says: /another file name/u,
    });
    expect(bytesOf(folder)).toEqual(before);
  });

  test('a file where a directory should be', async () => {
    const folder = bench.directory('archives');
    writeFileSync(join(folder, 'file'), 'mine');
    await expectRefusal(bench, ['backup', ...flagsOf(instance), join(folder, 'file', 'deeper')], {
      exit: 2,
      code: 'destination-unwritable',
      says: /file/u,
    });
    expect(namesIn(folder)).toEqual(['file']);
  });

  test.runIf(unprivileged)('a directory that may not be written', async () => {
    const folder = bench.directory('archives');
    chmodSync(folder, 0o555);
    const options = { wrapper: unprivileged ?? [] };
    await expectRefusal(
      bench,
      ['backup', ...flagsOf(instance), folder],
      { exit: 2, code: 'destination-unwritable', says: /rights/u },
      options,
    );
    await expectRefusal(
      bench,
      ['backup', ...flagsOf(instance), join(folder, 'new')],
      { exit: 2, code: 'destination-unwritable', says: /new/u },
      options,
    );
    expect(namesIn(folder)).toEqual([]);
  });

  test.runIf(unprivileged)('a target whose surroundings may not be written', async () => {
    const target = placeIn(bench.directory('target'));
    chmodSync(around(target), 0o555);
    const options = { wrapper: unprivileged ?? [] };
    const run = await bench.run(['restore', archive, ...flagsOf(target), '--yes'], options);
    expectNoTrace(run);
    expect([2, 22, 23], told(run)).toContain(run.code);
    expect(namesIn(around(target))).toEqual([]);
  });

  test('a full device behind stdout', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const words = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
      const run = await bench.run(['backup', ...flagsOf(instance), '-'], { wrapper: words });
      expect(run.code, told(run)).toBe(31);
      expectNoTrace(run);
      expect(run.stderr).toContain('(no-space, exit 31)');
    } finally {
      closeSync(full);
    }
  });

  test('a reader of stdout that goes away is an error of the backup', async () => {
    const wrapper = ['sh', '-c', '{ "$@"; echo "exit $?" >&2; } | head -c 10 > /dev/null', 'sh'];
    const run = await bench.run(['backup', ...flagsOf(instance), '--compression', 'none', '-'], {
      wrapper,
    });
    expect(run.stderr).toMatch(/exit [1-9]\d*\n$/u);
    expect(run.stderr).not.toMatch(/exit 1\n$/u);
    expectNoTrace(run);
  });

  if (inNamespace) {
    const namespace = inNamespace;
    test('no space for the archive: nothing is left there', async () => {
      const folder = bench.directory('small');
      const script = `mount -t tmpfs -o size=40k tmpfs ${folder}; code=0; "$@" || code=$?; ls -A ${folder} > ${folder}.names; exit $code`;
      const options = { wrapper: [...namespace, script, 'sh'] };
      await expectRefusal(
        bench,
        ['backup', ...flagsOf(instance), '--compression', 'none', folder],
        { exit: 31, code: 'no-space', says: /space/u },
        options,
      );
      expect(readFileSync(`${folder}.names`, 'utf8')).toBe('');
    });

    test('no space for a restore: nothing is left there, what was there stays', async () => {
      for (const size of ['900k', '3m']) {
        const target = placeIn(bench.directory('small'));
        const folder = around(target);
        const script = `mount -t tmpfs -o size=${size} tmpfs ${folder}; echo mine > ${folder}/mine; code=0; "$@" || code=$?; find ${folder} > ${folder}.names; exit $code`;
        const options = { wrapper: [...namespace, script, 'sh'] };
        const run = await bench.run(['restore', archive, ...flagsOf(target), '--yes'], options);
        expectNoTrace(run);
        expect(
          readFileSync(`${folder}.names`, 'utf8').trim().split('\n').length === 2,
          told(run),
        ).toBe(run.code !== 0);
        if (run.code !== 0) expect(run.code, told(run)).toBe(31);
      }
    });

    test('no space in TMPDIR for a copy of the database', async () => {
      const script = `mount -t tmpfs -o size=100k tmpfs ${bench.temporary}; "$@"`;
      // With a rollback journal there is no way around a copy.
      const place = bench.build({ appVersion: '2.20.15', documents: 5 });
      await refusedBackup(
        flagsOf(place),
        { exit: 31, code: 'no-space', says: /TMPDIR|space/u },
        { wrapper: [...namespace, script, 'sh'] },
      );
    });
  }
});

/** A process that holds a lock on the database until it is ended. Speaks when it has it. */
async function holdLock(
  path: string,
  statements: string,
): Promise<{ release: () => Promise<void> }> {
  const code = `import { DatabaseSync } from 'node:sqlite';
    const database = new DatabaseSync(process.argv[1], { timeout: 5000 });
    database.exec(${JSON.stringify(statements)});
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', code, path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  return {
    async release() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

describe('locks', () => {
  test('a database that another process keeps locked: exit 11 after the waiting time', async () => {
    const place = bench.build({ appVersion: '2.20.15', documents: 6 });
    const lock = await holdLock(place.databasePath, 'BEGIN EXCLUSIVE');
    const before = bytesOf(around(place));
    try {
      const destination = bench.directory('refused');
      const run = await bench.run(['backup', ...flagsOf(place), destination]);
      expect(run.code, told(run)).toBe(11);
      expect(run.stderr).toContain('(database-locked, exit 11)');
      expectNoTrace(run);
      expect(run.milliseconds).toBeLessThan(30_000);
      expect(namesIn(destination)).toEqual([]);
    } finally {
      await lock.release();
    }
    expect(bytesOf(around(place))).toEqual(before);
  });

  test('a restore over a database that the application has open: exit 11, nothing changed', async () => {
    const target = bench.copy(other, 'target');
    const lock = await holdLock(
      target.databasePath,
      'BEGIN; SELECT count(*) FROM documents_document',
    );
    const before = bytesOf(around(target));
    try {
      await expectRefusal(bench, ['restore', archive, ...flagsOf(target), '--yes'], {
        exit: 11,
        code: 'database-locked',
        says: /[Ss]top the application/u,
      });
      expect(bytesOf(around(target))).toEqual(before);
    } finally {
      await lock.release();
    }
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
  });

  test('a second restore at the same time: exit 11, the first one succeeds', async () => {
    const target = bench.copy(other, 'target');
    const words = ['restore', archive, ...flagsOf(target), '--yes', '--json'];
    const runs = await Promise.all([bench.run(words), bench.run(words), bench.run(words)]);
    const codes = runs.map(({ code }) => code);
    expect(codes, runs.map(told).join('\n')).toContain(0);
    for (const run of runs) {
      expectNoTrace(run);
      expect([0, 11], told(run)).toContain(run.code);
      if (run.code === 11)
        expect(lastJson<{ code: string }>(run).code).toMatch(/^(database-)?locked$/u);
    }
    const state = stateOf(target);
    const { excluded } = lastJson<{ excluded: Declaration[] }>(
      await bench.done(['inspect', archive, '--json']),
    );
    expect(prove(stateOf(instance), state, excluded, 'database').differences).toEqual([]);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
  });

  test('two backups at the same time do not disturb each other', async () => {
    const destination = bench.directory('archives');
    const words = ['backup', ...flagsOf(instance), destination, '--filename'];
    const runs = await Promise.all(['one', 'two'].map((name) => bench.run([...words, name])));
    for (const run of runs) expect(run.code, told(run)).toBe(0);
    const same = await Promise.all([bench.run([...words, 'same']), bench.run([...words, 'same'])]);
    expect(new Set(same.map(({ code }) => code))).toEqual(new Set([0, 22]));
    expect(namesIn(destination)).toEqual(['one.tar.zst', 'same.tar.zst', 'two.tar.zst']);
    for (const name of namesIn(destination)) await bench.done(['verify', join(destination, name)]);
  });
});

describe('versions', () => {
  const plant =
    "INSERT INTO django_migrations (app, name, applied) VALUES ('documents', '9999_from_the_future', '2027-01-01 00:00:00')";

  test('an unknown migration: the backup goes on and says so, the restore wants a word', async () => {
    const place = bench.copy(instance, 'source');
    edit(place, plant);
    const before = stateOf(place);
    const destination = bench.directory('archives');
    const run = await bench.done(['backup', ...flagsOf(place), destination]);
    expect(run.stderr).toMatch(/unknown|newer than/u);
    const path = run.stdout.trimEnd();
    expect(path).toContain('unknown');
    const { manifest, excluded } = lastJson<{
      manifest: { stamp: { appVersion: null; migrationState: string } };
      excluded: Declaration[];
    }>(await bench.done(['inspect', path, '--json']));
    expect(manifest.stamp).toMatchObject({ appVersion: null, migrationState: 'unknown' });
    await refusedRestore(path, {
      exit: 21,
      code: 'app-version-refused',
      says: /--accept-unknown-version/u,
    });
    const target = bench.emptyPlace('target');
    await expectRefusal(bench, ['restore', path, ...flagsOf(target)], {
      exit: 21,
      code: 'app-version-refused',
      says: /--accept-unknown-version/u,
    });
    expect(namesIn(around(target))).toEqual([]);
    await bench.done(['restore', path, ...flagsOf(target), '--accept-unknown-version']);
    expect(prove(before, stateOf(target), excluded).differences).toEqual([]);
  });

  test('an archive that is newer than the application of the target: exit 21, with the release to install', async () => {
    const target = bench.build({ appVersion: '2.20.15', documents: 8 });
    const before = bytesOf(around(target));
    const refusal = {
      exit: 21,
      code: 'app-version-refused',
      says: /Install paperless-ngx 3\.0\.5/u,
    };
    await expectRefusal(bench, ['restore', archive, ...flagsOf(target), '--yes'], refusal);
    await expectRefusal(
      bench,
      ['restore', archive, ...flagsOf(target), '--yes', '--accept-unknown-version'],
      refusal,
    );
    expect(bytesOf(around(target))).toEqual(before);
    const plan = await bench.done(['restore', archive, ...flagsOf(target), '--plan', '--json']);
    expect(lastJson(plan)).toMatchObject({ plan: { compatibility: { verdict: 'too-new' } } });
  });

  test('an archive that is older: restored with its own definitions, and undone', async () => {
    const older = bench.build({ appVersion: '2.20.15', documents: 20, seed: 4 });
    const path = await makeArchive(bench, older);
    const target = bench.copy(other, 'target');
    const before = stateOf(target);
    const run = await bench.run(['restore', path, ...flagsOf(target), '--yes', '--json']);
    expect(run.code, told(run)).toBe(0);
    expect(lastJson(run)).toMatchObject({ plan: { compatibility: { verdict: 'migrates' } } });
    expect(
      prove(stateOf(older), stateOf(target), [], 'database').differences.filter(
        (line) => !/django_(session|celery)/u.test(line),
      ),
    ).toEqual([]);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    expect(prove(before, stateOf(target), []).differences).toEqual([]);
  });
});

describe('unsafe targets', () => {
  test.each([
    ['/', /system/u],
    ['/etc', /system/u],
  ])('--media %s', async (directory, says) => {
    const target = bench.emptyPlace('target');
    const words = [
      'restore',
      archive,
      '--app',
      'paperless',
      '--media',
      directory,
      '--data',
      target.dataDirectory,
      '--database',
      `sqlite://${target.databasePath}`,
      '--yes',
    ];
    await expectRefusal(bench, words, { exit: 22, code: 'target-unsafe', says });
    expect(namesIn(around(target))).toEqual([]);
  });

  test('one root inside the other, a file as a directory, the archive inside the target', async () => {
    const target = bench.copy(other, 'target');
    const before = bytesOf(around(target));
    const inside = { ...target, mediaDirectory: join(target.dataDirectory, 'media') };
    await expectRefusal(bench, ['restore', archive, ...flagsOf(inside), '--yes'], {
      exit: 22,
      code: 'target-unsafe',
      says: /inside/u,
    });
    const file = { ...target, mediaDirectory: target.databasePath };
    await expectRefusal(bench, ['restore', archive, ...flagsOf(file), '--yes'], {
      exit: 22,
      code: 'target-unsafe',
      says: /director|inside/u,
    });
    expect(bytesOf(around(target))).toEqual(before);
    copyFileSync(archive, join(target.mediaDirectory, 'archive.tar.zst'));
    const run = await bench.run([
      'restore',
      join(target.mediaDirectory, 'archive.tar.zst'),
      ...flagsOf(target),
      '--yes',
    ]);
    expectNoTrace(run);
    expect([0, 22], told(run)).toContain(run.code);
    // Replaced or refused, the only copy of the archive must not be lost.
    const copies = Object.keys(bytesOf(around(target))).filter((path) =>
      path.endsWith('archive.tar.zst'),
    );
    expect(copies).toHaveLength(1);
  });
});

test('the JSON of an error is its last line, also after steps', async () => {
  const place = bench.copy(instance, 'source');
  appendFileSync(join(place.mediaDirectory, 'documents/originals/0000002.pdf'), 'x');
  const run = await bench.run(['check', ...flagsOf(place), '--json']);
  expect(run.code).toBe(3);
  expect(jsonLines(run).filter(({ type }) => type === 'result' || type === 'error')).toHaveLength(
    1,
  );
});
