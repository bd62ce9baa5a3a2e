import { chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDmsBackupError } from '@dms-backup/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adapterSource, writePackage } from '../test/fake-adapter.ts';
import { loadAdapter, loadAllAdapters, type AdapterPlaces } from './load-adapter.ts';
import { UsageError } from './usage-error.ts';

let root: string;
let user: string;
let program: string;
let places: AdapterPlaces;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'load-adapter-')));
  user = join(root, 'home', 'project');
  program = join(root, 'program', 'dist');
  await mkdir(user, { recursive: true });
  await mkdir(program, { recursive: true });
  places = { workingDirectory: user, programDirectory: program };
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function errorOf(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string; context: object }> {
  const error: unknown = await promise.then(
    () => new Error('was not refused'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof UsageError)
    return { code: 'usage', message: error.message, hint: error.hint ?? '', context: {} };
  if (isDmsBackupError(error)) return error;
  throw error;
}

describe('loadAdapter by name', () => {
  it('finds our package, with its name and version', async () => {
    await writePackage(user, { name: '@dms-backup/adapter-fake' });
    const loaded = await loadAdapter('fake', places);
    expect(loaded.adapter.name).toBe('fake');
    expect(loaded.adapterPackage).toEqual({
      name: '@dms-backup/adapter-fake',
      packageVersion: '1.2.3',
    });
  });

  it('finds a package of a third party', async () => {
    await writePackage(user, { name: 'dms-backup-adapter-fake' });
    const loaded = await loadAdapter('fake', places);
    expect(loaded.adapterPackage.name).toBe('dms-backup-adapter-fake');
  });

  it('prefers ours to a third party, and the user folder to its own', async () => {
    await writePackage(user, { name: 'dms-backup-adapter-fake' });
    await writePackage(program, { name: '@dms-backup/adapter-fake' });
    expect((await loadAdapter('fake', places)).directory).toContain('/program/');
    await writePackage(join(root, 'home'), { name: '@dms-backup/adapter-fake' });
    expect((await loadAdapter('fake', places)).directory).toContain(
      '/home/node_modules/@dms-backup',
    );
  });

  it('looks in all folders above', async () => {
    await writePackage(join(root, 'home'), { name: '@dms-backup/adapter-above' });
    expect((await loadAdapter('above', places)).adapter.name).toBe('above');
  });

  it('knows aliases of every adapter that is there', async () => {
    await writePackage(program, {
      name: '@dms-backup/adapter-fake',
      aliases: ['fake-ngx', 'fake-core'],
    });
    await writePackage(user, {
      name: 'dms-backup-adapter-broken',
      source: 'throw new Error("no");',
    });
    expect((await loadAdapter('fake-core', places)).adapter.name).toBe('fake');
  });

  it('takes full package names, scoped or not', async () => {
    await writePackage(user, { name: '@me/paper' });
    await writePackage(user, { name: 'dms-backup-adapter-fake' });
    await writePackage(user, { name: 'paperstack' });
    for (const name of ['@me/paper', 'dms-backup-adapter-fake', 'paperstack'])
      expect((await loadAdapter(name, places)).adapterPackage.name).toBe(name);
  });

  it.each([
    ['exports as text', { exports: './index.js' }],
    ['conditions without subpaths', { exports: { node: { import: './index.js' } } }],
    ['a list of targets', { exports: { '.': [{ require: './x.cjs' }, './index.js'] } }],
    ['only main', { exports: undefined, main: 'index.js' }],
    ['neither', { exports: undefined }],
  ])('understands %s in package.json', async (_name, manifest) => {
    await writePackage(user, { name: '@dms-backup/adapter-fake', manifest });
    expect((await loadAdapter('fake', places)).adapter.name).toBe('fake');
  });
});

describe('loadAdapter by path', () => {
  it('takes the directory of a package, relative or absolute', async () => {
    const directory = await writePackage(root, { name: 'anything' });
    for (const word of [directory, '../../node_modules/anything'])
      expect((await loadAdapter(word, places)).adapterPackage.name).toBe('anything');
  });

  it('takes a file, with name and version of the package around it or without', async () => {
    const directory = await writePackage(root, { name: 'anything' });
    const inside = await loadAdapter(join(directory, 'index.js'), places);
    expect(inside.adapterPackage).toEqual({ name: 'anything', packageVersion: '1.2.3' });
    await writeFile(join(user, 'mine.mjs'), adapterSource('mine'));
    const alone = await loadAdapter('./mine.mjs', places);
    expect(alone.adapterPackage).toEqual({ name: join(user, 'mine.mjs'), packageVersion: '0.0.0' });
  });

  it('says when nothing is there', async () => {
    expect(await errorOf(loadAdapter('./nothing', places))).toMatchObject({
      code: 'adapter-not-found',
    });
    expect(await errorOf(loadAdapter('.', places))).toMatchObject({ code: 'usage' });
  });
});

describe('loadAdapter refuses', () => {
  it.each([
    '..',
    '@dms-backup/../../etc',
    'a/b',
    '@a/b/c',
    'Paper',
    'x y',
    '--json',
    'fake\u0000',
    'node:fs',
    '.hidden',
    '%2e%2e',
  ])('the name %j', async (word) => {
    const { code } = await errorOf(loadAdapter(word, places));
    expect(code).toBe('usage');
  });

  it('a name that leads nowhere, and says what is there', async () => {
    await writePackage(program, { name: '@dms-backup/adapter-paperstack', aliases: ['stack'] });
    const error = await errorOf(loadAdapter('paperstak', places));
    expect(error).toMatchObject({
      code: 'adapter-not-found',
      message: "no adapter for 'paperstak'",
      context: { loadable: ['paperstack'], nearest: 'paperstack' },
    });
    expect(error.hint).toContain('Did you mean --app paperstack? Can be loaded: paperstack.');
    expect((await errorOf(loadAdapter('zebra', places))).hint).not.toContain('Did you mean');
  });

  it.each([
    [
      'throws while loading',
      'throw new Error("cannot find module zod\\n second line");',
      'cannot find module zod',
    ],
    ['exports no adapter', 'export const other = 1;', 'it exports no `adapter`'],
    ['does not parse', 'export const adapter = ;', 'Unexpected token'],
  ])('a package that %s', async (_name, source, reason) => {
    await writePackage(user, { name: 'dms-backup-adapter-broken', source });
    const error = await errorOf(loadAdapter('broken', places));
    expect(error.code).toBe('adapter-invalid');
    expect(error.message).toContain(`'dms-backup-adapter-broken': ${reason}`);
    expect(error.message).not.toContain('\n');
  });

  it('another contract version', async () => {
    const source = adapterSource('future').replace('"contractVersion":1', '"contractVersion":2');
    await writePackage(user, { name: 'dms-backup-adapter-future', source });
    expect(await errorOf(loadAdapter('future', places))).toMatchObject({
      code: 'adapter-contract-version',
    });
  });

  it('an adapter without a member that the contract needs', async () => {
    const source = `${adapterSource('half')}\ndelete adapter.classify;`;
    await writePackage(user, { name: 'dms-backup-adapter-half', source });
    const error = await errorOf(loadAdapter('half', places));
    expect(error.code).toBe('adapter-invalid');
    expect(error.message).toContain('classify');
  });

  it('a main module outside the package', async () => {
    await writeFile(join(user, 'outside.js'), adapterSource('outside'));
    await writePackage(user, {
      name: 'dms-backup-adapter-out',
      manifest: { exports: '../../outside.js' },
    });
    expect((await errorOf(loadAdapter('out', places))).message).toContain(
      'lies outside the package',
    );
  });
});

describe('folders that others can write', () => {
  it('are not used, unless the path is given', async () => {
    const directory = await writePackage(user, { name: '@dms-backup/adapter-fake' });
    await chmod(join(user, 'node_modules'), 0o777);
    const error = await errorOf(loadAdapter('fake', places));
    expect(error).toMatchObject({ code: 'usage' });
    expect(error.message).toContain('can be written by everybody');
    expect(error.hint).toContain(`--app ${directory}`);
    expect((await loadAdapter(directory, places)).adapter.name).toBe('fake');
  });

  it('do not hide what lies beside the CLI', async () => {
    await writePackage(user, { name: '@dms-backup/adapter-fake' });
    await writePackage(program, { name: '@dms-backup/adapter-fake' });
    await chmod(join(user, 'node_modules'), 0o777);
    expect((await loadAdapter('fake', places)).directory).toContain('/program/');
  });

  it.runIf(process.getuid?.() === 0)('are those of another user, too', async () => {
    const directory = await writePackage(user, { name: '@dms-backup/adapter-fake' });
    await chown(directory, 1234, 1234);
    expect((await errorOf(loadAdapter('fake', places))).message).toContain(
      'belongs to another user',
    );
  });
});

describe('loadAllAdapters', () => {
  it('lists what can be loaded, and what cannot with the reason', async () => {
    await writePackage(program, { name: '@dms-backup/adapter-one' });
    await writePackage(user, { name: 'dms-backup-adapter-two' });
    await writePackage(user, { name: 'dms-backup-adapter-bad', source: 'throw new Error("no");' });
    await writePackage(user, { name: 'unrelated', source: 'throw new Error("must not run");' });
    const { loaded, broken } = await loadAllAdapters(places);
    expect(loaded.map(({ adapter }) => adapter.name)).toEqual(['one', 'two']);
    expect(broken).toMatchObject([
      {
        name: 'dms-backup-adapter-bad',
        reason: "cannot load adapter package 'dms-backup-adapter-bad': no",
      },
    ]);
  });
});
