// The class of every kind of path, and that nothing unknown is left out.

import type { Instance } from '@dms-backup/core';
import { describe, expect, test } from 'vitest';
import { classify } from './media.ts';

const uuid = 'ab/cd/abcd0123456789abcdef0123456789ab';

function instanceWith(settings: Readonly<Record<string, string>> = {}, separate = false): Instance {
  return {
    roots: [
      { name: 'media', directory: '/srv/sdir', source: 'test', required: true },
      ...(separate
        ? [{ name: 'file-storage', directory: '/srv/objects', source: 'test', required: true }]
        : []),
    ],
    settings: Object.entries(settings).map(([name, value]) => ({ name, value, source: 'test' })),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

type Row = readonly [path: string, kind: string, standalone: boolean];

const kept: readonly Row[] = [
  ['file_storage/', 'essential', false],
  ['file_storage/feature_attachment/', 'essential', false],
  ['file_storage/feature_attachment/ab/cd/', 'essential', false],
  [`file_storage/feature_attachment/${uuid}`, 'essential', false],
  [`file_storage/some package/${uuid}`, 'essential', false],
  ['file_storage/feature_attachment/ab/cd/unexpected.txt', 'unknown', false],
  ['file_storage/notes.txt', 'unknown', false],
  ['file_storage/.DS_Store', 'unknown', true],
  ['core/', 'essential', true],
  ['core/fontconfig/', 'essential', true],
  ['core/fontconfig/My-Font_1.ttf', 'essential', true],
  ['core/fontconfig/My-Font.OTF', 'essential', true],
  ['core/fontconfig/cache/', 'unknown', true],
  ['raster_layer/', 'essential', true],
  ['raster_layer/readme.txt', 'unknown', true],
  ['render/tile_cache/', 'essential', true],
  ['render/other/', 'unknown', true],
  ['pyramid/', 'essential', true],
  ['pyramid/other', 'unknown', true],
  ['file_upload/', 'ephemeral', true],
  ['qgis/', 'unknown', true],
  ['qgis/styles/a.qml', 'unknown', true],
  ['@eaDir/x', 'unknown', true],
  ['file_storage_old/x', 'unknown', true],
];

test.each(kept)('%s is kept as %s', (path, kind, standalone) => {
  expect(classify('media', path, instanceWith())).toEqual({
    class: kind,
    keep: true,
    ...(standalone ? { standalone } : {}),
  });
});

const leftOut: readonly (readonly [path: string, kind: string, declared: string | undefined])[] = [
  ['core/fontconfig/fonts.conf', 'derived', undefined],
  ['pyramid/secret', 'ephemeral', undefined],
  ['raster_layer/ab/', 'derived', 'raster_layer/'],
  [`raster_layer/${uuid}`, 'derived', 'raster_layer/'],
  [`raster_layer/${uuid}.ovr`, 'derived', 'raster_layer/'],
  [`raster_mosaic/${uuid}.aux.xml`, 'derived', 'raster_mosaic/'],
  [`render/tile_cache/${uuid}-wal`, 'derived', 'render/tile_cache/'],
  ['file_upload/2026-01-02/', 'ephemeral', 'file_upload/'],
  ['file_upload/ab/cd/x.data', 'ephemeral', 'file_upload/'],
];

test.each(leftOut)('%s is left out as %s', (path, kind, declared) => {
  const rule = classify('media', path, instanceWith());
  expect(rule).toMatchObject({ class: kind, keep: false });
  expect(rule.declareAs).toBe(declared);
  expect(rule.reason).not.toBe('');
});

describe('directories that were moved', () => {
  test('a file storage elsewhere: its root has the objects, and sdir nothing special', () => {
    const instance = instanceWith({}, true);
    const object = `tileset/${uuid}`;
    expect(classify('file-storage', object, instance)).toEqual({ class: 'essential', keep: true });
    expect(classify('file-storage', 'tileset/x', instance).class).toBe('unknown');
    expect(classify('media', `file_storage/${object}`, instance).class).toBe('unknown');
  });

  test('a file storage and uploads below sdir under other names', () => {
    const instance = instanceWith({
      'file_storage.path': '/srv/sdir/objects',
      'file_upload.path': '/srv/sdir/tmp/up',
    });
    expect(classify('media', `objects/tileset/${uuid}`, instance).class).toBe('essential');
    expect(classify('media', 'tmp/', instance)).toMatchObject({ class: 'unknown', keep: true });
    expect(classify('media', 'tmp/up/', instance)).toMatchObject({ keep: true });
    expect(classify('media', 'tmp/up/a', instance)).toMatchObject({
      keep: false,
      declareAs: 'tmp/up/',
    });
  });

  test('backups below sdir do not go into backups', () => {
    const instance = instanceWith({ 'core.backup.path': '/srv/sdir/backup' });
    expect(classify('media', 'backup/', instance).keep).toBe(true);
    expect(classify('media', 'backup/a.ngwbackup', instance)).toMatchObject({
      class: 'derived',
      keep: false,
      declareAs: 'backup/',
    });
    expect(classify('media', 'backup/a.ngwbackup', instanceWith()).keep).toBe(true);
  });
});

test('a root that nobody knows is kept', () => {
  expect(classify('other', 'raster_layer/ab/x', instanceWith())).toEqual({
    class: 'unknown',
    keep: true,
  });
});
