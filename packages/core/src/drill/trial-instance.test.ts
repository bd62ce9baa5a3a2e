import { expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { noDatabase, referenceTo, shoebox, stamp } from '../../test/shoebox.ts';
import type { Adapter, ConfigureInput, FileReference } from '../adapter.ts';
import type { Manifest } from '../archive/schema.ts';
import { trialAdapter, trialEnvironment, trialInstance } from './trial-instance.ts';

function manifestOf(more: Partial<Manifest> = {}): Manifest {
  return {
    formatVersion: 1,
    archiveId: '7c1ae440-a946-405d-ba37-78da2d65f05b',
    createdAt: '2026-11-21T20:30:00Z',
    tool: { name: 'dms-backup', toolVersion: '0.1.0' },
    app: { name: 'shoebox', title: 'Shoebox' },
    adapter: { name: 'shoebox', packageVersion: '1.0.0', contractVersion: 1 },
    stamp,
    database: { engine: 'sqlite', engineVersion: '3', encoding: 'UTF-8' },
    roots: [
      { name: 'files', directory: '/srv/shoebox/files' },
      { name: 'more', directory: '/mnt/more' },
    ],
    options: { compression: 'zstd', level: 1, parts: ['database', 'media'], excludeClasses: [] },
    settings: [],
    secretsElsewhere: [],
    secretColumns: [],
    ...more,
  };
}

const location = { engine: 'sqlite', path: '/scratch/database/database.sqlite3' } as const;
const input: ConfigureInput = {
  given: { configFiles: [] },
  environment: {},
  workingDirectory: '/scratch',
};

test('every place is in the scratch folder; settings that are places elsewhere are left out', () => {
  const settings = [
    { name: 'LANGUAGE', value: 'deu', source: '/etc/shoebox.conf' },
    { name: 'LOG_DIRECTORY', value: '/var/log/shoebox', source: '/etc/shoebox.conf' },
  ];
  const instance = trialInstance(manifestOf({ settings }), '/scratch', location);
  expect(instance.database?.value).toEqual(location);
  expect(instance.roots.map(({ name, directory }) => [name, directory])).toEqual([
    ['files', '/scratch/roots/files'],
    ['more', '/scratch/roots/more'],
  ]);
  expect(instance.settings.map(({ name }) => name)).toEqual(['LANGUAGE']);
  expect(instance.appVersion?.value).toBe('1.2.3');
});

test.each(['../../etc', '', 'a/b', '/etc', '.'])('a root %j of a hostile archive', (name) => {
  const manifest = manifestOf({ roots: [{ name, directory: '/srv' }] });
  const error = caught(() => trialInstance(manifest, '/scratch', location));
  expect(error.code).toBe('archive-damaged');
});

class Counting {
  readonly name = 'shoebox';
  #calls = 0;
  readonly counted = (): number => this.#calls;
  async stamp(): Promise<typeof stamp> {
    this.#calls++;
    return await Promise.resolve(stamp);
  }
}

test('the adapter says where the trial is and never asks for a password, also when it is frozen', async () => {
  const adapter = Object.freeze(
    shoebox({ databasePassword: () => Promise.reject(new Error('asked for the password')) }),
  );
  const instance = trialInstance(manifestOf(), '/scratch', location);
  const trial = trialAdapter(adapter, manifestOf(), instance);
  expect(await trial.configure(input)).toBe(instance);
  expect(await trial.databasePassword?.(input)).toBeUndefined();
  expect(trial.name).toBe('shoebox');
  expect(await trial.stamp(noDatabase, instance)).toEqual(stamp);
});

test('an adapter may be an object of a class', async () => {
  const counting = new Counting();
  const instance = trialInstance(manifestOf(), '/scratch', location);
  const trial = trialAdapter(counting as unknown as Adapter, manifestOf(), instance);
  expect(await trial.stamp(noDatabase, instance)).toEqual(stamp);
  expect(counting.counted()).toBe(1);
});

test('files that the user left out of the archive are not missed', async () => {
  const adapter = shoebox({
    async *references() {
      yield* await Promise.resolve([referenceTo('1.pdf'), referenceTo('thumbs/1.png')]);
    },
  });
  const instance = trialInstance(manifestOf(), '/scratch', location);
  const namesWithout = async (...excludeClasses: string[]): Promise<string[]> => {
    const { options } = manifestOf();
    const manifest = manifestOf({ options: { ...options, excludeClasses } });
    const found: FileReference[] = [];
    for await (const each of trialAdapter(adapter, manifest, instance).references(
      noDatabase,
      instance,
    ))
      found.push(each);
    return found.map(({ path }) => path);
  };
  expect(await namesWithout()).toEqual(['1.pdf', 'thumbs/1.png']);
  expect(await namesWithout('derived')).toEqual(['1.pdf']);
});

test('variables of clients stay, those of applications do not', () => {
  const environment = {
    HOME: '/home/me',
    PGPASSWORD: 'a',
    PGSSLROOTCERT: 'b',
    MYSQL_PWD: 'c',
    PAPERLESS_DBHOST: 'd',
    DJANGO_SETTINGS_MODULE: 'e',
    XDG_STATE_HOME: '/home/me/state',
  };
  expect(trialEnvironment(environment, '/scratch')).toEqual({
    HOME: '/home/me',
    PGPASSWORD: 'a',
    PGSSLROOTCERT: 'b',
    MYSQL_PWD: 'c',
    XDG_STATE_HOME: '/scratch/state',
  });
});
