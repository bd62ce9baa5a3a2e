// Backup, verify, inspect, restore: what went in comes out. Every proof is a comparison made without the program.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { HOSTILE_DIRECTORY, plantHostile } from '@dms-backup/test-fixtures';
import type { SampleInstance, SampleOptions } from '@dms-backup/test-fixtures';
import { describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  flagsOf,
  hasZstd,
  isRoot,
  jsonLines,
  lastJson,
  makeArchive,
  namesIn,
  stateOf,
  told,
} from './bench.ts';
import type { Place, Run, State } from './bench.ts';
import { expectReplaceable, leftOut, prove } from './proof.ts';
import type { Declaration } from './proof.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const bench = createBench('roundtrip');

interface Inspected {
  excluded: Declaration[];
  manifest: { stamp: { appVersion: string | null }; app: { name: string } };
  counts: { files: number; tables: number; rows: number; documents: number };
  proof: { documents: number; documentsComplete: number; exceptions: number };
  exceptions: { documentId: string; path: string; reason: string; class: string }[];
  tables: { table: string; rows: number }[];
}

const runs: Run[] = [];

async function done(...words: readonly string[]): Promise<Run> {
  const run = await bench.done(words);
  runs.push(run);
  expectNoTrace(run);
  expect(namesIn(bench.temporary), 'left in TMPDIR').toEqual([]);
  return run;
}

function expectNoSecrets(instance: SampleInstance, some: readonly Run[]): void {
  for (const run of some) {
    for (const [name, value] of Object.entries(instance.secrets)) {
      expect(
        run.stdout.includes(value) || run.stderr.includes(value),
        `${name} is shown: ${run.words.join(' ')}`,
      ).toBe(false);
    }
  }
}

/** Files that a tar program of this machine takes out, and what it lists. */
function unpackPlainly(archive: string): { names: string[]; folder: string } {
  const folder = bench.directory('plain');
  const tar = (...words: string[]): string => {
    const run = spawnSync('tar', words, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 });
    // One hostile file is from 2106, and tar says so.
    const complaints = run.stderr
      .split('\n')
      .filter((line) => line !== '' && !/time stamp .* in the future/u.test(line));
    expect({ words, status: run.status, complaints }).toEqual({ words, status: 0, complaints: [] });
    return run.stdout;
  };
  if (archive.endsWith('.zst') && !hasZstd) {
    const plain = join(folder, '..', `${basename(archive)}.plain.tar`);
    execFileSync('tee', [plain], {
      input: zstdDecompressSync(readFileSync(archive)),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    archive = plain;
  }
  const how = archive.endsWith('.zst') ? ['--zstd'] : archive.endsWith('.gz') ? ['-z'] : [];
  const names = tar(...how, '-tf', archive).split('\n');
  tar(...how, '-xpf', archive);
  return { names, folder };
}

/** The archive without the program: files and tables as they are in the source. */
function expectReadable(archive: string, instance: SampleInstance, before: State): void {
  const { names, folder } = unpackPlainly(archive);
  expect(names[0]).toBe('README.txt');
  expect(names[1]).toBe('manifest.json');
  expect(names.at(-2)).toBe('seal.json');
  expect(names.at(-3)).toBe('index.jsonl');
  const unpacked = placeOf(join(folder, 'media'));
  const excluded = (
    JSON.parse(readFileSync(join(folder, 'seal.json'), 'utf8')) as { excluded: Declaration[] }
  ).excluded;
  const proof = prove(wholeSeconds(before), wholeSeconds(stateOf(unpacked)), excluded, 'media');
  expect(proof.differences).toEqual([]);
  expect(proof.equalFiles).toBeGreaterThan(instance.documents.length);
  const [document] = instance.documents;
  const links = execFileSync('find', ['-L', join(folder, 'tree'), '-type', 'f'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  const broken = execFileSync('find', ['-L', join(folder, 'tree'), '-type', 'l'], {
    encoding: 'utf8',
  });
  expect(broken).toBe('');
  // One link per document; document versions share the one of their root.
  expect(links).toHaveLength(
    instance.documents.filter(({ rootDocumentId }) => rootDocumentId === null).length,
  );
  const tables = join(folder, 'database/tables');
  const table = namesIn(tables).find((each) => /(^|\.)documents_document$/u.test(each)) ?? '';
  const rows = readFileSync(join(tables, table, '000001.copy'), 'utf8');
  expect(rows.split('\n').filter(Boolean)).toHaveLength(instance.documents.length);
  expect(rows).toContain(document?.original.checksum);
}

/** The heads of tar entries have no fractions; the index has them. */
function wholeSeconds(state: State): State {
  const of = (root: 'data' | 'media'): State['data'] =>
    new Map(
      [...state[root]].map(([path, entry]) => [
        path,
        { ...entry, mtimeNs: entry.mtimeNs / 1_000_000_000n },
      ]),
    );
  return { ...state, data: of('data'), media: of('media') };
}

/** `media/data` and `media/media` of an unpacked archive, seen as a place without a database. */
function placeOf(folder: string): Place {
  return {
    dataDirectory: join(folder, 'data'),
    mediaDirectory: join(folder, 'media'),
    databasePath: join(folder, 'none'),
  };
}

type Case = [string, SampleOptions, 'zstd' | 'gzip' | 'none', boolean];

const cases: Case[] = [
  ['2.20.15, rollback journal', { appVersion: '2.20.15', documents: 50 }, 'zstd', false],
  [
    '2.20.15, log at rest',
    { appVersion: '2.20.15', documents: 40, journalMode: 'wal' },
    'gzip',
    true,
  ],
  [
    '2.20.15, rows only in the log',
    { appVersion: '2.20.15', documents: 41, journalMode: 'wal', uncheckpointed: true, traps: true },
    'none',
    false,
  ],
  [
    '3.0.5, rollback journal',
    { appVersion: '3.0.5', documents: 40, journalMode: 'delete', traps: true },
    'gzip',
    false,
  ],
  ['3.0.5, log at rest', { appVersion: '3.0.5', documents: 50 }, 'none', true],
  [
    '3.0.5, rows only in the log',
    { appVersion: '3.0.5', documents: 60, uncheckpointed: true },
    'zstd',
    true,
  ],
];

describe.each(cases)('%s', (_name, options, compression, hostile) => {
  test(`${compression}${hostile ? ', hostile names and tables' : ''}: comes back as it was`, async () => {
    runs.length = 0;
    const instance = bench.build(options);
    if (hostile) plantHostile(instance);
    const before = stateOf(instance);
    const bytes = bytesOf(instance.directory);
    const destination = bench.directory('destination');
    const missing = instance.documents.filter(({ thumbnailExists }) => !thumbnailExists);

    const backup = await done(
      'backup',
      ...flagsOf(instance),
      '--compression',
      compression,
      destination,
    );
    const [name, ...others] = namesIn(destination);
    const archive = join(destination, name ?? '');
    expect(others).toEqual([]);
    expect(backup.stdout).toBe(`${archive}\n`);
    expect(name).toMatch(/^paperless-[\d.]+-\d{8}T\d{6}Z\.tar(\.zst|\.gz)?$/u);
    expect(statSync(archive).mode & 0o7777).toBe(0o600);
    for (const each of missing) expect(backup.stderr).toContain(basename(each.thumbnailPath));

    const verified = await done('verify', archive, '--json');
    expect(lastJson(verified)).toMatchObject({
      type: 'result',
      verb: 'verify',
      exitCode: 0,
      quick: false,
    });
    const inspected = lastJson<Inspected>(await done('inspect', archive, '--json'));
    const { excluded, counts, proof } = inspected;
    expectReplaceable(excluded);
    expect(leftOut(excluded).table('django_session')).toBe(true);
    expect(inspected.manifest.app.name).toBe('paperless');
    expect(inspected.manifest.stamp.appVersion).toBe(options.appVersion);
    const roots = instance.documents.filter(({ rootDocumentId }) => rootDocumentId === null).length;
    expect(proof).toMatchObject({
      documents: roots,
      documentsComplete: roots,
      exceptions: missing.length,
    });
    expect(counts.documents).toBe(roots);
    expect(inspected.exceptions.map(({ path }) => path)).toEqual(
      missing.map(({ thumbnailPath }) => thumbnailPath),
    );
    if (typeof before.database === 'string') throw new Error('the fixture has no database');
    const kept = inspected.tables.filter(({ table }) => !leftOut(excluded).table(table));
    for (const { table, rows } of kept)
      expect({ table, rows }).toEqual({ table, rows: before.database.tables[table]?.rowCount });
    expect(inspected.tables.map(({ table }) => table).toSorted()).toEqual(
      Object.keys(before.database.tables).toSorted(),
    );

    expectReadable(archive, instance, before);

    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    const after = prove(before, stateOf(target), excluded);
    expect(after.differences).toEqual([]);
    expect(after.equalRows).toBeGreaterThan(400);
    expect(after.equalFiles).toBeGreaterThan(instance.documents.length * 2);
    expect(existsSync(join(target.mediaDirectory, HOSTILE_DIRECTORY))).toBe(hostile);
    expect(existsSync(join(target.dataDirectory, 'index'))).toBe(true);
    // No side folder, no lock: nothing was replaced, so there is nothing to undo.
    expect(namesIn(join(target.dataDirectory, '..'))).toEqual(['data', 'media']);
    expect(readdirSync(target.dataDirectory)).not.toContain('.dms-backup');

    expect(bytesOf(instance.directory), 'the source').toEqual(bytes);
    expectNoSecrets(instance, runs);
  });
});

describe('secrets of the instance', () => {
  test.each(['2.20.15', '3.0.5'] as const)('are shown by no verb (%s)', async (appVersion) => {
    const instance = bench.build({
      appVersion,
      documents: 41,
      uncheckpointed: true,
      journalMode: 'wal',
    });
    expect(Object.keys(instance.secrets).length).toBeGreaterThan(4);
    const configured: string[][] = [
      ['--app', 'paperless', '--config', instance.configPath],
      ['--app', 'paperless', '--config', instance.composePath],
    ];
    runs.length = 0;
    const archive = join(bench.directory('archives'), 'one.tar.zst');
    await done('backup', ...(configured[0] ?? []), archive, '--verbose');
    await done(
      'backup',
      ...(configured[1] ?? []),
      bench.directory('archives'),
      '--json',
      '--verbose',
    );
    for (const flags of configured) {
      runs.push(await bench.run(['doctor', ...flags, '--verbose']));
      runs.push(await bench.run(['doctor', ...flags, '--json']));
      runs.push(await bench.run(['check', ...flags, '--verbose', '--json']));
    }
    await done('verify', archive, '--verbose', '--json');
    await done('inspect', archive, '--verbose');
    await done('inspect', archive, '--verbose', '--json');
    for (const how of [[], ['--plan', '--verbose'], ['--yes', '--verbose', '--json']]) {
      runs.push(await bench.run(['restore', archive, ...(configured[0] ?? []), ...how]));
    }
    await done('undo', ...(configured[1] ?? []), '--yes', '--verbose');
    runs.push(
      await bench.run(['backup', ...(configured[0] ?? []), archive, '--verbose', '--json']),
    );
    expect(runs.map(({ code }) => code)).toEqual(expect.arrayContaining([0, 22]));
    expectNoSecrets(instance, runs);
  });

  test('given in the environment are neither shown nor archived', async () => {
    const instance = bench.build({ appVersion: '3.0.5', documents: 5 });
    const environment = {
      PAPERLESS_SECRET_KEY: 'environment-secret-key-4711',
      PAPERLESS_DBPASS: 'environment-db-pass-4711',
      PAPERLESS_EMAIL_HOST_PASSWORD: 'environment-mail-4711',
    };
    const destination = bench.directory('archives');
    const words = [
      'backup',
      ...flagsOf(instance),
      '--compression',
      'none',
      '--verbose',
      destination,
    ];
    const run = await bench.done(words, { environment });
    const doctor = await bench.run(['doctor', ...flagsOf(instance), '--json', '--verbose'], {
      environment,
    });
    const archive = readFileSync(run.stdout.trimEnd(), 'latin1');
    for (const value of Object.values(environment)) {
      for (const text of [run.stdout, run.stderr, doctor.stdout, doctor.stderr, archive])
        expect(text).not.toContain(value);
    }
    expect(archive).toContain('PAPERLESS_SECRET_KEY');
  });
});

describe('where to', () => {
  let source: SampleInstance;
  let before: State;
  let bytes: Record<string, string>;
  const instance = (): SampleInstance => {
    source ??= bench.build({ appVersion: '3.0.5', documents: 40, uncheckpointed: true });
    before ??= stateOf(source);
    bytes ??= bytesOf(source.directory);
    return source;
  };
  const untouched = (): void => expect(bytesOf(instance().directory), 'the source').toEqual(bytes);
  const exclusions = async (archive: string): Promise<Declaration[]> =>
    lastJson<Inspected>(await bench.done(['inspect', archive, '--json'])).excluded;

  test('restore goes where the flags say: media, data and database apart', async () => {
    const archive = await makeArchive(bench, instance());
    const folder = bench.directory('apart');
    const target = {
      mediaDirectory: join(folder, 'deep/er/mein Archiv ä'),
      dataDirectory: join(folder, 'd'),
      databasePath: join(folder, 'elsewhere/other name.db'),
    };
    await done('restore', archive, ...flagsOf(target));
    const proof = prove(before, stateOf(target), await exclusions(archive));
    expect(proof.differences).toEqual([]);
    expect(namesIn(folder)).toEqual(['d', 'deep', 'elsewhere']);
    expect(namesIn(join(folder, 'elsewhere'))).toEqual(['other name.db']);
    expect(namesIn(target.dataDirectory)).not.toContain('db.sqlite3');
    untouched();
  });

  test.each(['zstd', 'gzip', 'none'])(
    'backup to stdout and restore from stdin (%s)',
    async (compression) => {
      const run = await done('backup', ...flagsOf(instance()), '--compression', compression, '-');
      expect(run.stderr).toContain('documents complete');
      const target = bench.emptyPlace('target');
      const restored = await bench.done(['restore', '-', ...flagsOf(target)], { stdin: run.bytes });
      expect(restored.stdout).toContain('restored');
      const verified = await bench.done(['verify', '-', '--json'], { stdin: run.bytes });
      expect(lastJson(verified)).toMatchObject({ exitCode: 0 });
      const inspected = await bench.done(['inspect', '-', '--json'], { stdin: run.bytes });
      const proof = prove(before, stateOf(target), lastJson<Inspected>(inspected).excluded);
      expect(proof.differences).toEqual([]);
      expect(namesIn(bench.temporary)).toEqual([]);
      const start = { zstd: '28b52ffd', gzip: '1f8b08', none: '524541444d45' }[compression];
      expect(run.bytes.toString('hex', 0, 8)).toMatch(new RegExp(`^${start}`, 'u'));
      if (compression === 'gzip')
        expect(gunzipSync(run.bytes).subarray(257, 262).toString()).toBe('ustar');
      untouched();
    },
  );

  test('a cut stream is refused and leaves nothing', async () => {
    const { bytes: archive } = await done('backup', ...flagsOf(instance()), '-');
    const target = bench.emptyPlace('target');
    const run = await bench.run(['restore', '-', ...flagsOf(target), '--yes'], {
      stdin: archive.subarray(0, -100),
    });
    expect(run.code, told(run)).toBe(20);
    expect(namesIn(join(target.dataDirectory, '..'))).toEqual([]);
    expect(namesIn(bench.temporary)).toEqual([]);
  });

  test.each([
    ['{app}-%Y', /^paperless-20\d\d\.tar\.zst$/u],
    ['%Y%m%d-%H%M%S', /^20\d{6}-\d{6}\.tar\.zst$/u],
    ['{app} {version} {time}.tar.zst', /^paperless 3\.0\.5 \d{8}T\d{6}Z\.tar\.zst$/u],
    ['100 %% ä', /^100 % ä\.tar\.zst$/u],
  ])('--filename %s', async (pattern, expected) => {
    const destination = join(bench.directory('named'), 'made', 'here');
    const run = await done('backup', ...flagsOf(instance()), '--filename', pattern, destination);
    const names = namesIn(destination);
    expect(names).toEqual([expect.stringMatching(expected)]);
    expect(run.stdout).toBe(`${join(destination, names[0] ?? '')}\n`);
    await done('verify', run.stdout.trimEnd());
  });

  test.each(['../out', 'a/b', '{nothing}', '%q', ''])(
    '--filename %j is refused',
    async (pattern) => {
      const destination = bench.directory('named');
      const run = await bench.run([
        'backup',
        ...flagsOf(instance()),
        '--filename',
        pattern,
        destination,
      ]);
      expect(run.code, told(run)).toBe(2);
      expectNoTrace(run);
      expect(namesIn(destination)).toEqual([]);
      untouched();
    },
  );

  test('a file name as destination, and the current directory without one', async () => {
    const folder = bench.directory('work');
    const run = await bench.done(
      ['backup', ...flagsOf(instance()), 'mine.tar.gz', '--compression', 'gzip'],
      { cwd: folder },
    );
    expect(run.stdout).toBe(`${join(folder, 'mine.tar.gz')}\n`);
    await bench.done(['--app', 'paperless', '--config', instance().configPath], { cwd: folder });
    expect(namesIn(folder)).toEqual([
      'mine.tar.gz',
      expect.stringMatching(/^paperless-3\.0\.5-.*\.tar\.zst$/u),
    ]);
  });

  test('a destination inside the instance is refused', async () => {
    const inside = join(instance().mediaDirectory, 'backups');
    const run = await bench.run(['backup', ...flagsOf(instance()), inside]);
    expect(run.code, told(run)).toBe(2);
    expectNoTrace(run);
    untouched();
  });

  test.each([
    ['database', ['--only', 'database']],
    ['database', ['--skip-media']],
    ['media', ['--only', 'media']],
    ['media', ['--skip-database']],
  ] as const)('a backup of the %s only: %j', async (part, flags) => {
    const archive = await makeArchive(bench, instance(), ...flags);
    const { excluded } = lastJson<Inspected>(await done('inspect', archive, '--json'));
    expect(
      excluded.some(
        ({ class: each, kind }) =>
          each === 'essential' && kind === (part === 'media' ? 'table' : 'file'),
      ),
    ).toBe(true);
    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    expect(prove(before, stateOf(target), excluded, part).differences).toEqual([]);
    const folder = join(target.dataDirectory, '..');
    if (part === 'database')
      expect(Object.keys(bytesOf(folder)).toSorted()).toEqual(['data', 'data/db.sqlite3']);
    else expect(existsSync(target.databasePath)).toBe(false);
    untouched();
  });

  test.each(['database', 'media'] as const)(
    'a restore of the %s only out of a whole archive',
    async (part) => {
      const archive = await makeArchive(bench, instance());
      const target = bench.emptyPlace('target');
      await done('restore', archive, ...flagsOf(target), '--only', part);
      expect(prove(before, stateOf(target), await exclusions(archive), part).differences).toEqual(
        [],
      );
      const folder = join(target.dataDirectory, '..');
      if (part === 'database')
        expect(Object.keys(bytesOf(folder)).toSorted()).toEqual(['data', 'data/db.sqlite3']);
      else expect(existsSync(target.databasePath)).toBe(false);
    },
  );

  test('--exclude-class derived leaves out previews, says so, and the rest comes back', async () => {
    const archive = await makeArchive(bench, instance(), '--exclude-class', 'derived');
    const { excluded, exceptions } = lastJson<Inspected>(await done('inspect', archive, '--json'));
    const derived = excluded.filter((each) => each.root === 'media' && each.class === 'derived');
    expect(derived.length).toBeGreaterThan(0);
    await done('verify', archive);
    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    const after = stateOf(target);
    expect(prove(before, after, excluded).differences).toEqual([]);
    const previews = (state: State): string[] =>
      [...state.media.keys()].filter((path) => path.endsWith('.webp'));
    expect(previews(before).length).toBeGreaterThan(30);
    expect(previews(after)).toEqual([]);
    // What was left out on purpose is no exception of the source.
    expect(exceptions.filter(({ path }) => !path.endsWith('0000003.webp'))).toEqual([]);
    untouched();
  });

  test('--exclude-class history leaves out the rows of the audit log and nothing else', async () => {
    const archive = await makeArchive(bench, instance(), '--exclude-class', 'history');
    const excluded = await exclusions(archive);
    const history = excluded.filter((each) => each.class === 'history').map(({ name }) => name);
    expect(history).toContain('auditlog_logentry');
    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    expect(prove(before, stateOf(target), excluded).differences).toEqual([]);
  });

  test('--dry-run writes nothing', async () => {
    const destination = join(bench.directory('dry'), 'not made');
    const run = await done('backup', ...flagsOf(instance()), '--dry-run', destination);
    expect(run.stdout).toBe('');
    expect(existsSync(destination)).toBe(false);
    const json = await done('backup', ...flagsOf(instance()), '--dry-run', '--json', destination);
    expect(lastJson(json)).toMatchObject({ dryRun: true, path: null, counts: { documents: 37 } });
    expect(existsSync(join(destination, '..', 'not made'))).toBe(false);
    untouched();
  });

  test('--json: lines of JSON only, the result is the last, the path is in it', async () => {
    const destination = bench.directory('json');
    const run = await done('backup', ...flagsOf(instance()), '--json', destination);
    const types = jsonLines(run).map(({ type }) => type);
    expect(types.filter((type) => type === 'result')).toHaveLength(1);
    expect(types.at(-1)).toBe('result');
    expect(lastJson(run)).toMatchObject({
      verb: 'backup',
      exitCode: 0,
      path: join(destination, namesIn(destination)[0] ?? ''),
    });
  });

  test('restore latest takes the newest archive by its own date', async () => {
    const destination = bench.directory('archives');
    const older = bench.build({ appVersion: '3.0.5', documents: 6, seed: 9 });
    const made = async (place: Place, name: string): Promise<void> => {
      await done('backup', ...flagsOf(place), join(destination, name));
    };
    // Names and times of files say the opposite of the truth.
    await made(older, 'z-looks-newest.tar.zst');
    await made(instance(), 'a-looks-oldest.tar.zst');
    execFileSync('touch', ['-d', '2001-01-01', join(destination, 'a-looks-oldest.tar.zst')]);
    cpSync(join(destination, 'z-looks-newest.tar.zst'), join(destination, 'copy.tar.zst'));
    execFileSync('truncate', ['-s', '-9', join(destination, 'copy.tar.zst')]);
    const target = bench.emptyPlace('target');
    const run = await done('restore', 'latest', '--from', destination, ...flagsOf(target));
    expect(run.stderr).toContain('copy.tar.zst');
    const excluded = await exclusions(join(destination, 'a-looks-oldest.tar.zst'));
    expect(prove(before, stateOf(target), excluded).differences).toEqual([]);
    const none = await bench.run([
      'restore',
      'latest',
      '--from',
      bench.directory('nothing'),
      ...flagsOf(target),
      '--yes',
    ]);
    expect(none.code, told(none)).toBe(10);
  });

  test('--plan changes nothing, into nothing and over an installation', async () => {
    const archive = await makeArchive(bench, instance());
    const nothing = bench.emptyPlace('target');
    const plan = await done('restore', archive, ...flagsOf(nothing), '--plan');
    expect(plan.stdout).toContain(nothing.mediaDirectory);
    expect(namesIn(join(nothing.dataDirectory, '..'))).toEqual([]);
    const occupied = bench.build({ appVersion: '3.0.5', documents: 7, seed: 3 });
    const was = bytesOf(occupied.directory);
    const json = lastJson(await done('restore', archive, ...flagsOf(occupied), '--plan', '--json'));
    expect(json).toMatchObject({
      planOnly: true,
      restored: null,
      plan: {
        target: { database: { state: 'occupied' } },
        compatibility: { verdict: 'same' },
        keepsUndo: true,
      },
    });
    expect(bytesOf(occupied.directory)).toEqual(was);
    untouched();
  });

  test.runIf(isRoot)('owners come back for root', async () => {
    const owned = bench.build({ appVersion: '3.0.5', documents: 6 });
    execFileSync('chown', ['-R', '1234:2345', owned.mediaDirectory]);
    const archive = await makeArchive(bench, owned);
    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    const owners = (path: string): string =>
      execFileSync('find', ['.', '-not', '-name', 'media.lock', '-printf', '%p %U:%G\n'], {
        cwd: path,
        encoding: 'utf8',
      })
        .split('\n')
        .toSorted()
        .join('\n');
    expect(owners(target.mediaDirectory)).toBe(owners(owned.mediaDirectory));
    expect(owners(target.mediaDirectory)).toContain('1234:2345');
  });

  test('a read-only source directory with a log is read and not changed', async () => {
    const copy = bench.copy(instance(), 'read-only');
    execFileSync('chmod', ['a-w', copy.dataDirectory, copy.databasePath]);
    const was = bytesOf(join(copy.dataDirectory, '..'));
    const archive = await makeArchive(bench, copy);
    expect(bytesOf(join(copy.dataDirectory, '..'))).toEqual(was);
    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    expect(
      prove(before, stateOf(target), await exclusions(archive), 'database').differences,
    ).toEqual([]);
  });
});

// The captured installations of the real product lie beside a working copy of the team, not in a clone.
const captured = resolve(import.meta.dirname, '../../../../../shared/instances');
const names = existsSync(captured)
  ? namesIn(captured).filter((name) => /^paperless-.*-sqlite$/u.test(name))
  : [];

for (const name of names) {
  test(`captured ${name}: comes back as it was`, async () => {
    const folder = bench.directory('captured');
    const source: Place = {
      dataDirectory: join(folder, 'data'),
      mediaDirectory: join(folder, 'media'),
      databasePath: join(folder, 'data/db.sqlite3'),
    };
    for (const part of ['data', 'media'])
      execFileSync('cp', ['-a', join(captured, name, part), join(folder, part)]);
    const before = stateOf(source);
    const bytes = bytesOf(folder);
    const expected = JSON.parse(readFileSync(join(captured, name, 'expected.json'), 'utf8')) as {
      rowCounts: Record<string, number>;
    };
    const destination = bench.directory('archives');
    mkdirSync(destination, { recursive: true });
    const run = await bench.run(['backup', ...flagsOf(source), destination, '--json']);
    expect([0, 3], told(run)).toContain(run.code);
    const archive = join(destination, namesIn(destination)[0] ?? '');
    await done('verify', archive);
    const { excluded } = lastJson<Inspected>(await done('inspect', archive, '--json'));
    expectReplaceable(excluded);
    const target = bench.emptyPlace('target');
    await done('restore', archive, ...flagsOf(target));
    const after = stateOf(target);
    const proof = prove(before, after, excluded);
    expect(proof.differences).toEqual([]);
    if (typeof after.database === 'string') throw new Error('there is no database');
    for (const [table, rows] of Object.entries(expected.rowCounts)) {
      if (!leftOut(excluded).table(table))
        expect({ table, rows: after.database.tables[table]?.rowCount }).toEqual({ table, rows });
    }
    expect(bytesOf(folder)).toEqual(bytes);
  });
}
