import type { Instance } from '@dms-backup/core';
import { describe, expect, test } from 'vitest';
import { classify } from './media.ts';

function instanceWith(
  settings: Readonly<Record<string, string>> = {},
  database = '/srv/data/db.sqlite3',
): Instance {
  return {
    database: { value: { engine: 'sqlite', path: database }, source: 'test' },
    roots: [
      { name: 'media', directory: '/srv/media', source: 'test', required: true },
      { name: 'data', directory: '/srv/data', source: 'test', required: false },
    ],
    settings: Object.entries(settings).map(([name, value]) => ({ name, value, source: 'test' })),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

const plain = instanceWith();

describe('media', () => {
  test.each([
    ['documents/', 'essential'],
    ['documents/originals/', 'essential'],
    ['documents/originals/2021/Köln/Rechnung.pdf', 'essential'],
    ['documents/originals/.2021/x.pdf', 'essential'],
    ['documents/archive/0000001.pdf', 'essential'],
    ['documents/thumbnails/0000001.webp', 'derived'],
    ['documents/share_link_bundles/abc.zip', 'derived'],
    ['logo/brand.svg', 'essential'],
    ['documents/other/x', 'unknown'],
    ['documents/originals-old/x.pdf', 'unknown'],
    ['private/x.txt', 'unknown'],
    ['x\u{FFFD}y', 'unknown'],
  ])('%s is %s and kept', (path, kind) => {
    const rule = classify('media', path, plain);
    expect(rule).toMatchObject({ class: kind, keep: true });
    expect(rule.standalone ?? false).toBe(false);
  });

  test.each([
    '.DS_Store',
    'documents/originals/.DS_Store',
    'documents/originals/._0000004.pdf',
    'documents/originals/@eaDir/',
    'documents/originals/@eaDir/0000005.png/SYNOPHOTO_THUMB_S.jpg',
    'documents/archive/Thumbs.db',
    'documents/originals/desktop.ini',
    '.stfolder/syncthing-folder.txt',
  ])('%s is junk: kept, and no orphan', (path) => {
    expect(classify('media', path, plain)).toEqual({
      class: 'unknown',
      keep: true,
      standalone: true,
    });
  });

  test('only the lock file at the top is left out', () => {
    expect(classify('media', 'media.lock', plain)).toMatchObject({
      class: 'ephemeral',
      keep: false,
    });
    expect(classify('media', 'documents/originals/media.lock', plain)).toMatchObject({
      class: 'essential',
      keep: true,
    });
  });

  test('PNG previews left from before 1.8 are no orphans', () => {
    for (const name of ['0000004.png', '0000004.png.gpg']) {
      expect(classify('media', `documents/thumbnails/${name}`, plain)).toEqual({
        class: 'derived',
        keep: true,
        standalone: true,
      });
    }
  });

  test('the trash folder inside the media holds the last copies', () => {
    const instance = instanceWith({ PAPERLESS_EMPTY_TRASH_DIR: '/srv/media/trash' });
    expect(classify('media', 'trash/x.pdf', instance)).toEqual({
      class: 'essential',
      keep: true,
      standalone: true,
    });
    expect(classify('media', 'trash/', instance).class).toBe('essential');
    expect(classify('media', 'trashed/x.pdf', instance).class).toBe('unknown');
    expect(classify('media', 'trash/x.pdf', plain).class).toBe('unknown');
    expect(classify('trash', 'x.pdf', plain)).toMatchObject({ class: 'essential', keep: true });
  });

  test('a configured logo anywhere below the media root', () => {
    const instance = instanceWith({ PAPERLESS_APP_LOGO: '/brand/logo.png' });
    expect(classify('media', 'brand/logo.png', instance).class).toBe('essential');
    expect(classify('media', 'brand/other.png', instance).class).toBe('unknown');
  });
});

describe('data', () => {
  test.each([
    ['index/meta.json', 'derived', 'index/'],
    ['index/.index_settings.json', 'derived', 'index/'],
    ['.index_version', 'derived', undefined],
    ['classification_model.pickle', 'derived', undefined],
    ['log/', 'ephemeral', 'log/'],
    ['log/paperless.log.1', 'ephemeral', 'log/'],
    ['celerybeat-schedule.db', 'ephemeral', undefined],
    ['celerybeat-schedule.db-wal', 'ephemeral', undefined],
    ['migration_lock', 'ephemeral', undefined],
    ['llm_index/llmindex.db', 'derived', 'llm_index/'],
    ['hf_cache/models/x', 'derived', 'hf_cache/'],
  ])('%s is left out as %s', (path, kind, declareAs) => {
    const rule = classify('data', path, plain);
    expect(rule).toMatchObject({ class: kind, keep: false, reason: expect.any(String) });
    expect(rule.declareAs).toBe(declareAs);
  });

  test('the empty folder of the search index stays, its content does not', () => {
    expect(classify('data', 'index/', plain)).toMatchObject({ class: 'essential', keep: true });
    expect(classify('data', 'index/deep/', plain)).toMatchObject({ class: 'derived', keep: false });
  });

  test.each([
    'scripts/post-consume.sh',
    'ca.pem',
    'indexes/x',
    'index',
    'log',
    'scripts/index/x',
    'old/classification_model.pickle',
  ])('%s is the user’s: kept', (path) =>
    expect(classify('data', path, plain)).toMatchObject({ class: 'unknown', keep: true }),
  );

  test('the database is essential, a database of somebody else unknown', () => {
    for (const name of ['db.sqlite3', 'db.sqlite3-wal', 'db.sqlite3-shm', 'db.sqlite3-journal']) {
      expect(classify('data', name, plain)).toEqual({ class: 'essential', keep: true });
    }
    expect(classify('data', 'db.sqlite3.bak', plain).class).toBe('unknown');
    expect(classify('data', 'db.sqlite3', instanceWith({}, '/elsewhere/db.sqlite3'))).toMatchObject(
      { class: 'unknown', keep: true },
    );
  });

  test('model and logs at places of the user’s choice', () => {
    const instance = instanceWith({
      PAPERLESS_MODEL_FILE: '/srv/data/ml/model.pickle',
      PAPERLESS_LOGGING_DIR: '/srv/data/logs',
    });
    expect(classify('data', 'ml/model.pickle', instance)).toMatchObject({
      class: 'derived',
      keep: false,
    });
    expect(classify('data', 'ml/', instance).keep).toBe(true);
    expect(classify('data', 'logs/paperless.log.12', instance)).toMatchObject({
      class: 'ephemeral',
      keep: false,
    });
    expect(classify('data', 'logs/.__paperless.lock', instance).keep).toBe(false);
    expect(classify('data', 'logs/mine.txt', instance).keep).toBe(true);
  });
});

test('a root that the adapter did not make is kept', () => {
  expect(classify('other', 'index/x', plain)).toEqual({ class: 'unknown', keep: true });
});
