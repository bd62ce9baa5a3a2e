import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Instance } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { createReader } from '../test/sqlite-reader.ts';
import { generations } from './migrations.ts';
import { stamp } from './version.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-version-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function databaseWith(from: string, extra: readonly string[] = []) {
  const database = new DatabaseSync(':memory:');
  database.exec(
    'CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT)',
  );
  const insert = database.prepare(
    'INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)',
  );
  const leaves = generations.find((each) => each.from === from)?.leaves ?? {};
  for (const [app, name] of Object.entries(leaves))
    if (typeof name === 'string') insert.run(app, name, '');
  for (const name of extra)
    insert.run(name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1), '');
  return createReader(database);
}

interface Facts {
  readonly logs?: Readonly<Record<string, string>>;
  readonly versionPy?: string;
  readonly stated?: string;
  readonly image?: string;
}

let made = 0;
function instanceWith({ logs = {}, versionPy, stated, image }: Facts): Instance {
  made += 1;
  const data = join(scratch, `${made}`, 'data');
  mkdirSync(join(data, 'log'), { recursive: true });
  for (const [name, text] of Object.entries(logs)) writeFileSync(join(data, 'log', name), text);
  return {
    roots: [{ name: 'data', directory: data, source: 'test', required: false }],
    settings: [
      ...(versionPy === undefined
        ? []
        : [{ name: 'version.py', value: versionPy, source: '/opt/src/paperless/version.py' }]),
      ...(image === undefined
        ? []
        : [{ name: 'image', value: image, source: 'image tag in compose.yaml' }]),
    ],
    ...(stated === undefined ? {} : { appVersion: { value: stated, source: '--app-version' } }),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

const line = (at: string, release: string, logger = 'asgi') =>
  `[${at}] [INFO] [paperless.${logger}] [init] Paperless-ngx version: v${release}\n`;
const noise =
  '[2026-11-20 04:05:06,789] [INFO] [paperless.consumer] Adding x.pdf [init] Paperless-ngx version: v9.9.9\n';

describe('exact versions', () => {
  test('a stated release within the range', async () => {
    const found = await stamp(databaseWith('2.20.5'), instanceWith({ stated: 'v2.20.9' }));
    expect(found).toMatchObject({
      appVersion: '2.20.9',
      range: { from: '2.20.5', to: '2.20.15' },
      foundBy: 'stated by --app-version',
      migrationState: 'complete',
      warnings: [],
    });
  });

  test('the last log line by time, over all rotations', async () => {
    const logs = {
      'paperless.log': noise,
      'paperless.log.1':
        line('2026-10-02 03:00:02,123', '2.20.14') +
        line('2026-11-03 03:00:03,123', '2.20.15', 'wsgi'),
      'paperless.log.2': line('2026-09-01 03:00:01,123', '2.20.13'),
      'mail.log': line('2027-01-01 00:00:00,000', '2.20.5'),
      'paperless.log.bak': line('2027-01-01 00:00:00,000', '2.20.5'),
    };
    const found = await stamp(databaseWith('2.20.5'), instanceWith({ logs }));
    expect(found.appVersion).toBe('2.20.15');
    expect(found.foundBy).toContain('2026-11-03 03:00:03');
  });

  test('a log with Windows line ends and without a last line end', async () => {
    const logs = {
      'paperless.log':
        line('2026-11-03 03:00:03,123', '3.0.4').replace('\n', '\r\n') + noise.trim(),
    };
    expect((await stamp(databaseWith('3.0.0'), instanceWith({ logs }))).appVersion).toBe('3.0.4');
  });

  test('version.py', async () => {
    const found = await stamp(databaseWith('3.0.0'), instanceWith({ versionPy: '3.0.2' }));
    expect(found).toMatchObject({
      appVersion: '3.0.2',
      foundBy: 'from /opt/src/paperless/version.py',
    });
  });

  test('a beta that has the migrations of its release', async () => {
    const stated = '2.13.0-beta.rc1';
    const found = await stamp(databaseWith('2.13.0'), instanceWith({ stated }));
    expect(found).toMatchObject({
      appVersion: stated,
      range: { from: '2.13.0', to: '2.13.0' },
      warnings: [],
    });
    const other = await stamp(databaseWith('2.13.1'), instanceWith({ stated }));
    expect(other.appVersion).toBeNull();
  });

  test('what was stated wins over the log, and the difference is told', async () => {
    const logs = { 'paperless.log': line('2026-11-03 03:00:03,123', '3.0.4') };
    const found = await stamp(databaseWith('3.0.0'), instanceWith({ stated: '3.0.5', logs }));
    expect(found.appVersion).toBe('3.0.5');
    expect(found.warnings).toEqual([expect.stringContaining('--app-version says 3.0.5')]);
  });
});

describe('sources that contradict the migrations are not trusted', () => {
  test('a log from before an upgrade', async () => {
    const logs = { 'paperless.log': line('2026-10-02 03:00:02,123', '2.20.15') };
    const found = await stamp(databaseWith('3.0.0'), instanceWith({ logs }));
    expect(found).toMatchObject({
      appVersion: null,
      range: { from: '3.0.0', to: '3.0.5' },
      foundBy: 'from the migrations of 3.0.0 - 3.0.5',
    });
    expect(found.warnings).toEqual([expect.stringContaining('not trusted')]);
    expect(found.evidence[0]?.says).toBe('2.20.15 (not trusted)');
  });

  test('the tuple of a beta on a database of 3.x', async () => {
    const found = await stamp(
      databaseWith('3.0.0-beta.rc1'),
      instanceWith({ versionPy: '2.20.15' }),
    );
    expect(found).toMatchObject({
      appVersion: null,
      range: { from: '3.0.0-beta.rc1', to: '3.0.0-beta.rc1' },
    });
  });

  test('a wrong statement', async () => {
    const found = await stamp(databaseWith('2.10.0'), instanceWith({ stated: '3.0.5' }));
    expect(found).toMatchObject({ appVersion: null, range: { from: '2.10.0', to: '2.10.2' } });
    expect(
      (await stamp(databaseWith('2.10.0'), instanceWith({ stated: 'newest' }))).warnings,
    ).toEqual([expect.stringContaining("'newest' (--app-version) is no release")]);
  });

  test('a known release beside migrations from the future', async () => {
    const database = databaseWith('3.0.0', ['documents.0099_future']);
    const logs = { 'paperless.log': line('2026-10-02 03:00:02,123', '3.0.5') };
    expect(await stamp(database, instanceWith({ logs }))).toMatchObject({
      appVersion: null,
      range: null,
      migrationState: 'unknown',
    });
    const later = { 'paperless.log': line('2026-12-02 03:00:02,123', '3.1.0') };
    expect(await stamp(database, instanceWith({ logs: later }))).toMatchObject({
      appVersion: '3.1.0',
      range: { from: '3.1.0', to: '3.1.0' },
      migrationState: 'unknown',
    });
  });
});

test.each([
  ['1.7.0', '1.7.1', '1.7.1', '1.7.2'],
  ['1.9.0', '1.9.0', '1.9.0', '1.9.1'],
])(
  'version.py of two releases lies: in %s, %s means %s - %s',
  async (generation, tuple, from, to) => {
    const found = await stamp(databaseWith(generation), instanceWith({ versionPy: tuple }));
    expect(found).toMatchObject({ appVersion: null, range: { from, to } });
  },
);

test('an exact source beats one that leaves a choice', async () => {
  const found = await stamp(
    databaseWith('1.9.0'),
    instanceWith({ versionPy: '1.9.0', stated: '1.9.1' }),
  );
  expect(found).toMatchObject({
    appVersion: '1.9.1',
    range: { from: '1.9.0', to: '1.9.2' },
    warnings: [],
  });
});

test('a moving image tag is a hint only', async () => {
  const found = await stamp(
    databaseWith('3.0.0'),
    instanceWith({ image: 'paperlessngx/paperless-ngx:3.0' }),
  );
  expect(found.appVersion).toBeNull();
  expect(found.evidence.at(-1)?.says).toContain('paperlessngx/paperless-ngx:3.0');
});

test('an interrupted upgrade warns and keeps the release before', async () => {
  const found = await stamp(
    databaseWith('2.20.5', ['documents.0003_remove_document_storage_type']),
    instanceWith({ stated: '2.20.15' }),
  );
  expect(found).toMatchObject({ appVersion: '2.20.15', migrationState: 'interrupted' });
  expect(found.warnings).toEqual([expect.stringContaining('interrupted')]);
});

test('a database without migrations has no version of its own', async () => {
  const empty = createReader(new DatabaseSync(':memory:'));
  expect(await stamp(empty, instanceWith({}))).toMatchObject({
    appVersion: null,
    range: null,
    migrations: [],
    migrationState: 'unknown',
    foundBy: 'not found: no migrations of paperless-ngx in the database',
  });
  expect(await stamp(empty, instanceWith({ stated: '2.1.0' }))).toMatchObject({
    appVersion: '2.1.0',
  });
});
