// The verb with an invented application: what it refuses, what it may leave out, and what it tells. That all comes back equal is
// tested end to end, in apps/cli; what happens when it fails midway, in test/faults.

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { archiveId, assembleArchive, manifest, readme, root } from '../test/assemble-archive.ts';
import type { Assembly } from '../test/assemble-archive.ts';
import { caught, rejection } from '../test/caught.ts';
import { fillBox, lookAt, optionsOf } from '../test/faults/box.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import { rootOf, shoebox } from '../test/shoebox.ts';
import type { Adapter, Instance } from './adapter.ts';
import { backup } from './backup.ts';
import type { VerbEvent } from './events.ts';
import { assertSameApp, restore } from './restore.ts';
import { beginJournal } from './staging/switch.ts';
import { findTarget } from './staging/target.ts';
import type { InstanceOptions, Part, RestoreOptions, RestoreResult } from './verb.ts';

let scratch: string;
let base: string;
let archive: string;

beforeEach(() => {
  scratch = scratchDirectory();
  base = join(scratch, 'box');
  mkdirSync(base);
  archive = join(scratch, 'archive.tar.zst');
});

/** An archive of a box, which is gone afterwards. */
async function archiveNew(parts: readonly Part[] = ['database', 'media']): Promise<void> {
  await fillBox({ base }, 'new');
  const rest = {
    destination: archive,
    compression: 'zstd',
    excludeClasses: [],
    dryRun: false,
  } as const;
  await backup({ ...optionsOf({ base }), ...rest, parts });
  rmSync(base, { recursive: true });
  mkdirSync(base);
}

/** An adapter with other members, on another instance. */
function another(
  members: Partial<Adapter>,
  instance: Partial<Instance> = {},
): Partial<InstanceOptions> {
  const { adapter } = optionsOf({ base });
  const whole = async () => {
    const found = await adapter.configure({
      given: { configFiles: [] },
      environment: {},
      workingDirectory: base,
    });
    return { ...found, ...instance };
  };
  return { adapter: { ...adapter, configure: whole, ...members } };
}

async function run(options: Partial<RestoreOptions> = {}): Promise<RestoreResult> {
  const wishes = { mediaStrategy: 'replace', planOnly: false, keepUndo: true } as const;
  return await restore({
    ...optionsOf({ base }),
    ...wishes,
    archive,
    parts: ['database', 'media'],
    acceptUnknownVersion: false,
    confirm: async () => true,
    ...options,
  });
}

test('into nothing makes everything, and nothing is kept for undo', async () => {
  await archiveNew();
  const events: VerbEvent[] = [];
  const { confirm, ...silent } = {
    confirm: undefined,
    onEvent: (event: VerbEvent) => void events.push(event),
  };
  expect(confirm).toBeUndefined();
  const result = await run(silent);
  expect(result.restored).toMatchObject({ tables: 2, rows: 3, files: 3 });
  expect(result.undo).toBeNull();
  expect((await lookAt({ base }))['files/a']).toBe('new a');
  const phases = events.flatMap((event) => (event.type === 'step' ? [event.phase] : []));
  expect(phases).toEqual(['restore', 'prove', 'switch']);
});

test('over something asks first, and keeps it', async () => {
  await archiveNew();
  await fillBox({ base }, 'old');
  const before = await lookAt({ base });
  const wishes = optionsOf({ base });
  const refused = await rejection(
    restore({
      ...wishes,
      archive,
      parts: ['media'],
      mediaStrategy: 'replace',
      planOnly: false,
      keepUndo: true,
      acceptUnknownVersion: false,
    }),
  );
  expect(refused.code).toBe('target-not-empty');
  expect((await rejection(run({ confirm: async () => false }))).message).toContain('would replace');
  expect(await lookAt({ base })).toEqual(before);
  const result = await run();
  expect(result.undo).toBe(join(base, '.files.dms-backup'));
  expect(readFileSync(join(result.undo!, 'old-files/a'), 'utf8')).toBe('old a');
});

test('only one part leaves the other alone', async () => {
  await archiveNew();
  await fillBox({ base }, 'old');
  const media = await run({ parts: ['media'] });
  expect(media.restored).toMatchObject({ tables: 0, rows: 0, files: 3 });
  expect(await lookAt({ base })).toMatchObject({
    'files/a': 'new a',
    marks: expect.stringContaining('old') as string,
  });
  rmSync(base, { recursive: true });
  mkdirSync(base);
  await fillBox({ base }, 'old');
  const database = await run({ parts: ['database'], readBack: false });
  expect(database.restored).toEqual({ tables: 2, rows: 3, files: 0, bytes: 0 });
  expect(database.warnings).toEqual([
    'the loaded tables were not read back and compared, as you asked',
  ]);
  expect(await lookAt({ base })).toMatchObject({
    'files/a': 'old a',
    marks: expect.stringContaining('new') as string,
  });
});

test('a plan changes nothing, but a killed run is taken back for it', async () => {
  await archiveNew();
  await fillBox({ base }, 'old');
  const before = await lookAt({ base });
  expect(await run({ planOnly: true })).toMatchObject({
    planOnly: true,
    restored: null,
    recovered: null,
  });
  const target = await findTarget(optionsOf({ base }), ['media']);
  beginJournal({
    verb: 'restore',
    archiveId,
    places: target.places,
    created: [],
    attributes: [],
    keepUndo: true,
  });
  expect((await run({ planOnly: true })).recovered?.state).toBe('old');
  expect(await lookAt({ base })).toEqual(before);
});

test('what a killed run left is told, also with the restore that comes after it', async () => {
  await archiveNew();
  const target = await findTarget(optionsOf({ base }), ['media']);
  beginJournal({
    verb: 'restore',
    archiveId,
    places: target.places,
    created: [],
    attributes: [],
    keepUndo: true,
  });
  expect((await run()).recovered?.state).toBe('old');
});

test('folders that the application needs are made in the root that they are named for', async () => {
  await archiveNew(['media']);
  const createDirectories = [
    { root: 'files', path: 'needed/empty' },
    { root: 'other', path: 'elsewhere' },
  ];
  await run(another({ restoreNotes: () => ({ steps: [], createDirectories }) }));
  expect(statSync(join(base, 'files/needed/empty')).isDirectory()).toBe(true);
  expect(existsSync(join(base, 'files/elsewhere'))).toBe(false);
});

test('with merge, what the archive does not have stays', async () => {
  await archiveNew(['media']);
  await fillBox({ base }, 'old');
  await run({ mediaStrategy: 'merge' });
  expect(await lookAt({ base })).toMatchObject({
    'files/a': 'new a',
    'files/folder/only new': 'new',
    'files/folder/only old': 'old',
  });
});

test('a root that the archive does not have is not touched', async () => {
  await archiveNew(['media']);
  const more = join(base, 'more');
  mkdirSync(more);
  writeFileSync(join(more, 'mine'), 'stays');
  const roots = [rootOf(join(base, 'files')), rootOf(more, 'more')];
  await run(another({}, { roots }));
  expect(readFileSync(join(more, 'mine'), 'utf8')).toBe('stays');
});

describe('is refused', () => {
  test('when the archive has a part less than is asked for', async () => {
    await archiveNew(['media']);
    const error = await rejection(run({ parts: ['database'] }));
    expect([error.code, error.message]).toEqual(['usage', 'the archive holds only: media']);
  });

  test.each([
    ['media', 'Name the directory with --media.'],
    [
      'things',
      'Give the configuration of the target with --config, and the flags of the adapter that the backup had.',
    ],
  ])('when the target has no place for the root %s', async (name, hint) => {
    const roots = [{ name, directory: '/srv/x' }];
    const parts = [
      readme,
      { path: 'manifest.json', content: JSON.stringify({ ...manifest, roots }) },
      { ...root, path: `media/${name}` },
    ];
    const path = assembled({ parts });
    const error = await rejection(run({ archive: path, parts: ['media'] }));
    expect([error.code, error.hint]).toEqual(['instance-not-found', hint]);
  });

  test('when it is no archive, and nothing is left open', async () => {
    writeFileSync(archive, 'something else');
    expect((await rejection(run())).code).toBe('not-an-archive');
  });

  test('when it is interrupted, and nothing is left', async () => {
    await archiveNew();
    const controller = new AbortController();
    const stop = run({ signal: controller.signal, onEvent: () => controller.abort() });
    expect((await rejection(stop)).code).toBe('interrupted');
    expect(await lookAt({ base })).toEqual({ papers: 'none', marks: 'none' });
    expect(existsSync(join(base, '.files.dms-backup'))).toBe(false);
  });

  test('when a folder of the target cannot be made, in our words', async () => {
    await archiveNew(['media']);
    const broken = another({
      restoreNotes: () => {
        throw new Error('a bug of the adapter');
      },
    });
    // the plan asks for the notes before anything is prepared
    await expect(run(broken)).rejects.toThrow('a bug of the adapter');
    expect(existsSync(join(base, 'files'))).toBe(false);
  });

  test('when it is of another application; another name of the same one is taken', () => {
    const of = (name: string) => ({ ...manifest, app: { name, title: 'Other' } });
    expect(caught(() => assertSameApp(of('other'), { adapter: shoebox() }))).toMatchObject({
      code: 'wrong-application',
      hint: 'Use --app other.',
    });
    assertSameApp(of('box'), { adapter: shoebox() });
  });
});

function assembled(assembly: Assembly): string {
  return assembleArchive(scratch, {
    ...assembly,
    seal: (seal) => ({ ...seal, counts: { ...seal.counts, directories: 1 } }),
  });
}
