// The part of the options that all verbs on a live instance share, made from the flags.

import { resolve } from 'node:path';
import type { GivenLocation, InstanceOptions } from '@dms-backup/core';
import type { Values } from './arguments/flags.ts';
import type { Call } from './commands/command.ts';
import { loadAdapter } from './load-adapter.ts';
import { UsageError } from './usage-error.ts';

/** Refuses a call without --app. `backup` is told apart because it can be meant without being named. */
export function assertApp(values: Values): void {
  if (values.app === undefined)
    throw new UsageError(
      '--app is missing',
      'Name the application, e.g. --app paperless; `dms-backup apps` shows what can be loaded.',
    );
}

async function readGiven(values: Values, workingDirectory: string): Promise<GivenLocation> {
  const absolute = (path: string): string => resolve(workingDirectory, path);
  const { database, media, data, appVersion, adapterOptions } = values;
  return {
    configFiles: (values.config ?? []).map(absolute),
    ...(database === undefined
      ? {}
      : {
          database: (await import('@dms-backup/core')).parseDatabaseUrl(database, workingDirectory),
        }),
    ...(media === undefined ? {} : { media: absolute(media) }),
    ...(data === undefined ? {} : { data: absolute(data) }),
    ...(appVersion === undefined ? {} : { appVersion }),
    ...(adapterOptions === undefined ? {} : { options: adapterOptions }),
  };
}

/** Loads the adapter of --app and reads the location flags. Throws what `loadAdapter` and `parseDatabaseUrl` throw. */
export async function createInstanceOptions(call: Call): Promise<InstanceOptions> {
  const { values, surroundings, output } = call;
  const { environment, workingDirectory, signal } = surroundings;
  assertApp(values);
  const given = await readGiven(values, workingDirectory);
  const { adapter, adapterPackage } = await loadAdapter(values.app ?? '', { workingDirectory });
  const passwordFile = values.databasePasswordFile;
  return {
    adapter,
    adapterPackage,
    given,
    ...(passwordFile === undefined
      ? {}
      : { databasePasswordFile: resolve(workingDirectory, passwordFile) }),
    environment,
    workingDirectory,
    onEvent: output.onEvent,
    signal,
  };
}

/**
 * The flags that lead to this instance again, for commands that are shown. The database URL never has a password, and of a
 * password file there is only the name.
 */
export function locationWords(values: Values): string[] {
  const { app, config = [], database, databasePasswordFile, media, data, adapterOptions } = values;
  return [
    ...(app === undefined ? [] : ['--app', app]),
    ...config.flatMap((file) => ['--config', file]),
    ...(database === undefined ? [] : ['--database', database]),
    ...(databasePasswordFile === undefined
      ? []
      : ['--database-password-file', databasePasswordFile]),
    ...(media === undefined ? [] : ['--media', media]),
    ...(data === undefined ? [] : ['--data', data]),
    ...Object.entries(adapterOptions ?? {}).flatMap(([name, said]) =>
      said.flatMap((value) => (value === 'true' ? [`--${name}`] : [`--${name}`, value])),
    ),
  ];
}
