// The test kit is tested with an adapter for an invented product, which must pass, and with copies of it that each break
// the contract in one way and must be rejected by the check that is meant for it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { defineAdapter, type Adapter, type Stamp } from '../adapter.ts';
import { DmsBackupError } from '../errors.ts';
import { contractTests, type Sample } from './index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'dms-backup-testkit-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** `Shoebox` keeps papers in one table and their scans below `scans/`. */
function buildShoebox(directory: string, release: 1 | 2): void {
  mkdirSync(join(directory, 'media', 'scans'), { recursive: true });
  mkdirSync(join(directory, 'media', 'cache', 'deep'), { recursive: true });
  writeFileSync(join(directory, 'media', 'cache', 'deep', 'preview.bin'), 'x');
  writeFileSync(join(directory, 'media', 'note.txt'), 'of the user');
  const database = new DatabaseSync(join(directory, 'box.sqlite'));
  database.exec(`
    CREATE TABLE release (number INTEGER);
    CREATE TABLE paper (id INTEGER PRIMARY KEY, title TEXT, scan TEXT, sha256 TEXT, pin TEXT);
    CREATE TABLE session (id INTEGER PRIMARY KEY, token TEXT);
    CREATE TABLE added_by_a_plugin (id INTEGER PRIMARY KEY);
  `);
  database.prepare('INSERT INTO release VALUES (?)').run(release);
  for (const id of [1, 2, 9, 10]) {
    const content = `scan of paper ${id}`;
    writeFileSync(join(directory, 'media', 'scans', `${id}.pdf`), content);
    const digest = createHash('sha256').update(content).digest('hex');
    const values = [id, `Paper ${id}`, `${id}.pdf`, digest, 'pin-4711-secret'];
    database.prepare('INSERT INTO paper VALUES (?, ?, ?, ?, ?)').run(...values);
  }
  database.close();
}

const releaseOf = (stamp: Stamp): number => Number(stamp.migrations[0]?.replace('shoebox.', ''));

const shoebox = defineAdapter({
  contractVersion: 1,
  name: 'shoebox',
  title: 'Shoebox',
  aliases: [],
  engines: ['sqlite'],
  supportedVersions: '1 - 2',
  async configure({ given, workingDirectory }) {
    return {
      ...(given.database?.engine === 'sqlite'
        ? {
            database: {
              value: { engine: 'sqlite', path: given.database.path },
              source: '--database',
            },
          }
        : {}),
      roots: given.media
        ? [{ name: 'media', directory: given.media, source: '--media', required: true }]
        : [],
      settings: [],
      secrets: [],
      lookedAt: [{ place: join(workingDirectory, 'shoebox.ini'), found: false }],
      warnings: [],
    };
  },
  async stamp(database) {
    let release = 0;
    for await (const row of database.query('SELECT number FROM release'))
      release = Number(row['number']);
    return {
      appVersion: `${release}`,
      range: { from: `${release}`, to: `${release}` },
      foundBy: 'from the table release',
      evidence: [{ source: 'release', says: `${release}` }],
      migrations: [`shoebox.${release}`],
      migrationState: 'complete',
      warnings: [],
    };
  },
  tables: () => [
    { table: 'paper', class: 'essential', keepRows: true, secretColumns: ['pin'] },
    { table: 'session', class: 'ephemeral', keepRows: false, reason: 'users log in again' },
  ],
  classify(_root, path) {
    if (path.startsWith('cache/')) {
      return { class: 'derived', keep: false, reason: 'made again', declareAs: 'cache/' };
    }
    return path.startsWith('scans/')
      ? { class: 'essential', keep: true }
      : { class: 'unknown', keep: true };
  },
  async *references(database) {
    for await (const row of database.query(
      'SELECT id, title, scan, sha256 FROM paper ORDER BY id',
    )) {
      yield {
        root: 'media',
        path: `scans/${String(row['scan'])}`,
        role: 'original',
        class: 'essential',
        documentId: String(row['id']),
        documentTitle: String(row['title']),
        checksum: { algorithm: 'sha256', value: String(row['sha256']) },
        sizeBytes: null,
      };
    }
  },
  async *documents(database) {
    for await (const row of database.query('SELECT id, title, scan FROM paper ORDER BY id')) {
      const file = { role: 'original', root: 'media', path: `scans/${String(row['scan'])}` };
      yield {
        id: String(row['id']),
        title: String(row['title']),
        created: null,
        added: null,
        modified: null,
        owner: null,
        correspondent: null,
        documentType: null,
        tags: [],
        folder: [],
        trashed: false,
        documentVersions: [{ id: String(row['id']), label: null, files: [file] }],
        extra: {},
      };
    }
  },
  async *inspectRows() {
    yield {
      level: 'info',
      reason: 'no-text',
      documentId: '1',
      documentTitle: 'Paper 1',
      path: null,
      text: 'the paper has no text',
    };
  },
  compatibility(archive, target) {
    if (target === null) return { verdict: 'same', explanation: 'nothing is there', steps: [] };
    const [from, to] = [releaseOf(archive), releaseOf(target)];
    if (Number.isNaN(from) || Number.isNaN(to)) {
      return { verdict: 'unknown', explanation: 'nobody knows', steps: [] };
    }
    if (from === to) return { verdict: 'same', explanation: 'same release', steps: [] };
    return from < to
      ? { verdict: 'migrates', explanation: 'older archive', steps: ['start it'] }
      : { verdict: 'too-new', explanation: 'newer archive', steps: ['install 2'] };
  },
  restoreNotes: () => ({
    steps: ['start it'],
    createDirectories: [{ root: 'media', path: 'cache' }],
  }),
});

function sampleOf(release: 1 | 2): Sample {
  return {
    name: `release ${release}`,
    async open() {
      const directory = mkdtempSync(join(scratch, 'instance-'));
      buildShoebox(directory, release);
      const path = join(directory, 'box.sqlite');
      return {
        directory,
        given: {
          configFiles: [],
          database: { engine: 'sqlite', path },
          media: join(directory, 'media'),
        },
        secrets: ['pin-4711-secret'],
        documents: 4,
        appVersion: `${release}`,
        broken: [],
      };
    },
  };
}

/** Runs all contract tests and returns the failures by test name. */
async function failuresOf(adapter: Adapter): Promise<Map<string, string>> {
  const tests: [string, () => Promise<void>][] = [];
  contractTests({
    test: (name, body) => tests.push([name, body]),
    adapter,
    samples: [sampleOf(1), sampleOf(2)],
  });
  const failures = new Map<string, string>();
  for (const [name, body] of tests) {
    try {
      await body();
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return failures;
}

test('an adapter that keeps the contract passes everything', async () => {
  expect(await failuresOf(shoebox)).toEqual(new Map());
});

test('an adapter may have a pause, or say why there is none', async () => {
  expect(await failuresOf({ ...shoebox, quiesce: pausing() })).toEqual(new Map());
  const refused = () => Promise.reject(new DmsBackupError('source-unreadable', 'there is no lock'));
  expect(await failuresOf({ ...shoebox, quiesce: refused })).toEqual(new Map());
});

/** A pause that one can have at a time; `release` is what its release does besides. */
function pausing(release: () => boolean = () => true): NonNullable<Adapter['quiesce']> {
  let isPaused = false;
  return async (_, { signal }) => {
    if (isPaused || signal?.aborted) throw new DmsBackupError('locked', 'it is paused already');
    isPaused = true;
    return async () => {
      isPaused = !release();
    };
  };
}

async function first<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  return assert.fail('nothing there');
}

/** What is broken, the check that must reject it, and what its message must tell. */
const broken: readonly (readonly [string, string, RegExp, Partial<Adapter>])[] = [
  ['a name that nobody can type', 'has all members', /typed after --app/, { name: 'Shoe Box' }],
  [
    'a missing member',
    'has all members',
    /`references` is missing/,
    { references: undefined as never },
  ],
  ['a foreign engine', 'has all members', /none of sqlite/, { engines: ['oracle' as never] }],
  [
    'a database invented in an empty folder',
    'finds nothing in an empty place',
    /invents places/,
    {
      configure: async (input) => ({
        ...(await shoebox.configure(input)),
        database: {
          value: { engine: 'sqlite', path: join(input.workingDirectory, 'box.sqlite') },
          source: 'guess',
        },
      }),
    },
  ],
  [
    'flags ignored',
    'finds the installation from flags alone',
    /media directory that was given by flag/,
    {
      configure: async (input) => {
        const instance = await shoebox.configure(input);
        return {
          ...instance,
          roots: instance.roots.map((root) => ({ ...root, directory: '/srv/other' })),
        };
      },
    },
  ],
  [
    'a password in the instance',
    'finds the installation from flags alone',
    /fields that the contract does not have/,
    {
      configure: async (input) =>
        ({ ...(await shoebox.configure(input)), password: 'hunter2' }) as never,
    },
  ],
  [
    'an input that is changed',
    'finds the installation from flags alone',
    /`configure` throws on a sound installation/,
    {
      configure: async (input) => {
        (input.given as { media?: string }).media = '/elsewhere';
        return shoebox.configure(input);
      },
    },
  ],
  [
    'migrations out of order',
    'stamps the version',
    /sort its migrations/,
    { stamp: async (...all) => ({ ...(await shoebox.stamp(...all)), migrations: ['b.1', 'a.1'] }) },
  ],
  [
    'a stamp that is no stamp',
    'stamps the version',
    /`stamp` returns something else .*'range'/,
    { stamp: async (...all) => ({ ...(await shoebox.stamp(...all)), range: 'any' as never }) },
  ],
  [
    'documents left out by a rule',
    'has sound rules for tables',
    /leaves out rows of class 'essential'/,
    { tables: () => [{ table: 'paper', class: 'essential', keepRows: false, reason: 'too big' }] },
  ],
  [
    'rows left out without a reason',
    'has sound rules for tables',
    /must give the reason/,
    { tables: () => [{ table: 'session', class: 'ephemeral', keepRows: false }] },
  ],
  [
    'table names of another form',
    'has sound rules for tables',
    /knows no table of this schema/,
    { tables: () => [{ table: 'main.paper', class: 'essential', keepRows: true }] },
  ],
  [
    'a secret column that does not exist',
    'has sound rules for tables',
    /which it does not have/,
    {
      tables: () => [
        { table: 'paper', class: 'essential', keepRows: true, secretColumns: ['password'] },
      ],
    },
  ],
  [
    'unknown files left out',
    'has sound rules for paths and keeps what it does not know',
    /keep what you do not know/,
    {
      classify: (root, path, instance) =>
        path.endsWith('.bin')
          ? { class: 'derived', keep: false, reason: 'looks derived' }
          : shoebox.classify(root, path, instance),
    },
  ],
  [
    'a file kept in a directory that is left out',
    'has sound rules for paths and keeps what it does not know',
    /lost without a word/,
    {
      classify: (root, path, instance) =>
        path.endsWith('preview.bin')
          ? { class: 'essential', keep: true }
          : shoebox.classify(root, path, instance),
    },
  ],
  [
    'a declaration that does not cover the path',
    'has sound rules for paths and keeps what it does not know',
    /does not cover the path/,
    {
      classify: (root, path, instance) => {
        const rule = shoebox.classify(root, path, instance);
        return rule.keep ? rule : { ...rule, declareAs: 'index/' };
      },
    },
  ],
  [
    'a needed file left out',
    'names the files that rows need',
    /needed by a row, but `classify` leaves the path out/,
    {
      classify: (_, path) =>
        path.startsWith('scans/')
          ? { class: 'derived', keep: false, reason: 'no' }
          : { class: 'unknown', keep: true },
    },
  ],
  [
    'a path that leaves the root',
    'names the files that rows need',
    /part '\.' or '\.\.'/,
    {
      references: (...all) =>
        map(shoebox.references(...all), (each) => ({ ...each, path: `../${each.path}` })),
    },
  ],
  [
    'an absolute path',
    'names the files that rows need',
    /it is absolute/,
    {
      references: (...all) =>
        map(shoebox.references(...all), (each) => ({ ...each, path: `/${each.path}` })),
    },
  ],
  [
    'a reference returned twice',
    'names the files that rows need',
    /is returned twice/,
    {
      references: async function* (...all) {
        yield* shoebox.references(...all);
        yield await first(shoebox.references(...all));
      },
    },
  ],
  [
    'a reference of no known document',
    'names the files that rows need',
    /not in the catalogue/,
    {
      references: (...all) =>
        map(shoebox.references(...all), (each) => ({ ...each, documentId: '77' })),
    },
  ],
  [
    'a checksum of another algorithm',
    'names the files that rows need',
    /md5 checksum has 32 digits/,
    {
      references: (...all) =>
        map(shoebox.references(...all), (each) => ({
          ...each,
          checksum: { algorithm: 'md5', value: 'ab' },
        })),
    },
  ],
  [
    'a path that the product does not use',
    'names files that exist with the content that is recorded',
    /there is no such file/,
    {
      references: (...all) =>
        map(shoebox.references(...all), (each) => ({ ...each, path: each.path.toUpperCase() })),
      documents: (...all) =>
        map(shoebox.documents(...all), (each) => ({
          ...each,
          documentVersions: [{ id: '1', label: null, files: [] }],
        })),
    },
  ],
  [
    'a checksum of something else',
    'names files that exist with the content that is recorded',
    /another sha256 checksum/,
    {
      references: (...all) =>
        map(shoebox.references(...all), (each) => ({
          ...each,
          checksum: { algorithm: 'sha256', value: '0'.repeat(64) },
        })),
    },
  ],
  [
    'documents ordered as text',
    'lists the documents in order',
    /not ordered by id: '2' comes after '10'/,
    {
      documents: async function* (...all) {
        const list = [];
        for await (const each of shoebox.documents(...all)) list.push(each);
        yield* list.toSorted((left, right) => (left.id < right.id ? -1 : 1));
      },
    },
  ],
  [
    'a document forgotten',
    'lists the documents in order',
    /another number of documents/,
    {
      documents: async function* (...all) {
        for await (const each of shoebox.documents(...all)) if (each.id !== '9') yield each;
      },
      references: async function* (...all) {
        for await (const each of shoebox.references(...all))
          if (each.documentId !== '9') yield each;
      },
    },
  ],
  [
    'a catalogue file that no reference names',
    'lists the documents in order',
    /is not among the references/,
    { references: async function* () {} },
  ],
  [
    'a finding without text',
    'reports faults of rows',
    /must say what is wrong/,
    {
      inspectRows: (...all) => map(shoebox.inspectRows!(...all), (each) => ({ ...each, text: '' })),
    },
  ],
  [
    'an installation that does not fit itself',
    'decides about restores',
    /must say `same`/,
    { compatibility: () => ({ verdict: 'unknown', explanation: 'who knows', steps: [] }) },
  ],
  [
    'everything called safe',
    'decides about restores',
    /must not be called safe/,
    { compatibility: () => ({ verdict: 'same', explanation: 'fine', steps: [] }) },
  ],
  [
    'downgrades allowed',
    'upgrades go one way',
    /although the way there is a migration/,
    {
      compatibility: (archive, target) => {
        const verdict = shoebox.compatibility(archive, target);
        return verdict.verdict === 'too-new' ? { ...verdict, verdict: 'migrates' } : verdict;
      },
    },
  ],
  [
    'a directory in a root that is not there',
    'has sound notes for after a restore',
    /does not have/,
    { restoreNotes: () => ({ steps: [], createDirectories: [{ root: 'data', path: 'index' }] }) },
  ],
  [
    'a secret in the catalogue',
    'shows no secret',
    /secret number 1 .* `documents`/,
    {
      documents: (...all) =>
        map(shoebox.documents(...all), (each) => ({ ...each, extra: { pin: 'pin-4711-secret' } })),
    },
  ],
  [
    'a member that writes',
    'writes nothing',
    /adapters only read/,
    {
      classify: (root, path, instance) => {
        appendFileSync(join(instance.roots[0]!.directory, 'note.txt'), '.');
        return shoebox.classify(root, path, instance);
      },
    },
  ],
  [
    'state between calls',
    'lists the documents in order',
    /`documents` gives another result when it is called again/,
    { documents: countingDocuments() },
  ],
  [
    'a member that throws',
    'lists the documents in order',
    /`documents` throws on a sound installation/,
    {
      documents: () => {
        throw new TypeError('boom');
      },
    },
  ],
  [
    'a pause that never ends',
    'gives back a pause',
    /cannot be had a second time/,
    { quiesce: pausing(() => false) },
  ],
  [
    'a pause without a release',
    'gives back a pause',
    /must return the release/,
    { quiesce: async () => undefined as never },
  ],
  [
    'a pause that fails with a stack',
    'gives back a pause',
    /something else than a DmsBackupError.*boom/,
    { quiesce: () => Promise.reject(new TypeError('boom')) },
  ],
  [
    'a pause for nobody',
    'gives back a pause',
    /although the signal is aborted/,
    { quiesce: async () => async () => undefined },
  ],
  [
    'a pause that leaves a file behind',
    'gives back a pause',
    /left some behind/,
    {
      quiesce: async (instance, options) => {
        writeFileSync(join(instance.roots[0]?.directory ?? '', 'pause.lock'), '');
        return await pausing()(instance, options);
      },
    },
  ],
];

async function* map<T>(items: AsyncIterable<T>, change: (item: T) => T): AsyncGenerator<T> {
  for await (const item of items) yield change(item);
}

function countingDocuments(): Adapter['documents'] {
  let calls = 0;
  return (...all) => {
    calls += 1;
    return map(shoebox.documents(...all), (each) => ({ ...each, extra: { calls } }));
  };
}

describe('a broken adapter is rejected', () => {
  for (const [what, check, message, changes] of broken) {
    test(what, async () => {
      const failures = await failuresOf({ ...shoebox, ...changes });
      const found = [...failures].filter(([name]) => name.endsWith(check));
      expect(found.length, `failed instead: ${[...failures.values()].join('\n')}`).toBeGreaterThan(
        0,
      );
      expect(found[0]?.[1]).toMatch(message);
    });
  }
});
