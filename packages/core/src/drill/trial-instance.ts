// The instance of a drill: made from the archive and our own folders alone. The adapter is not asked where the instance is, so
// no file and no variable of an installation that runs here can lead to it.

import { join } from 'node:path';
import type { Adapter, Instance } from '../adapter.ts';
import { checked } from '../adapter-check.ts';
import { FileReferenceSchema, RootSchema } from '../adapter-schema.ts';
import type { Manifest } from '../archive/schema.ts';
import type { DatabaseLocation } from '../database/engine.ts';
import { DmsBackupError } from '../errors.ts';
import type { InstanceOptions } from '../verb.ts';

const source = 'the drill';

/** Every root and the database below the scratch folder. Throws `archive-damaged` for a root that can be no folder. */
export function trialInstance(
  manifest: Manifest,
  folder: string,
  location: DatabaseLocation,
): Instance {
  const { appVersion } = manifest.stamp;
  return {
    database: { value: copyOf(location), source },
    roots: manifest.roots.map(({ name }) => {
      if (!RootSchema.shape.name.safeParse(name).success)
        throw new DmsBackupError('archive-damaged', `the archive has a root '${name}'`);
      return { name, directory: join(folder, 'roots', name), source, required: false };
    }),
    ...(appVersion !== null && { appVersion: { value: appVersion, source: 'the archive' } }),
    // places of the former machine mean something else here
    settings: manifest.settings.filter(({ value }) => !value.startsWith('/')),
    secrets: [],
    lookedAt: [],
    warnings: [],
  };
}

/** The same in the words of the instance's schema. */
function copyOf(location: DatabaseLocation): NonNullable<Instance['database']>['value'] {
  if (location.engine === 'sqlite') return { ...location };
  const { options, ...server } = location;
  return options === undefined ? server : { ...server, options: { ...options } };
}

/** The adapter, answering with the trial instance; files that the archive leaves out at the user's wish are not missed. */
export function trialAdapter(adapter: Adapter, manifest: Manifest, instance: Instance): Adapter {
  const leftOut: readonly string[] = manifest.options.excludeClasses;
  const own: Partial<Adapter> = {
    configure: () => Promise.resolve(instance),
    databasePassword: () => Promise.resolve(undefined),
    async *references(database, where) {
      for await (const each of adapter.references(database, where)) {
        const reference = checked(FileReferenceSchema, each, adapter.name, 'references');
        const rule = adapter.classify(reference.root, reference.path, where);
        if (!leftOut.includes(rule.class)) yield reference;
      }
    },
  };
  // not a copy: an adapter may be an object of a class, with methods that a copy would lack
  return new Proxy({} as Adapter, {
    get(_target, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name) as unknown;
      const member: unknown = Reflect.get(adapter, name);
      return typeof member === 'function' ? (member.bind(adapter) as unknown) : member;
    },
  });
}

/** Variables of the clients of PostgreSQL and MySQL, and where they look for password files. */
const clientVariable = /^(?:PG[A-Z]+|MYSQL_[A-Z_]+|HOME|APPDATA)$/;

/** Without the variables of any application; what a restore notes outside of its target comes into the scratch folder. */
export function trialEnvironment(
  environment: InstanceOptions['environment'],
  folder: string,
): InstanceOptions['environment'] {
  const kept = Object.entries(environment).filter(([name]) => clientVariable.test(name));
  return { ...Object.fromEntries(kept), XDG_STATE_HOME: stateFolder(folder) };
}

export function stateFolder(folder: string): string {
  return join(folder, 'state');
}
