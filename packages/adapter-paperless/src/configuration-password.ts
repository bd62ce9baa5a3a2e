// Member `databasePassword`: the password of the database user, as the product finds it. It goes to core and nowhere else: no
// setting, no warning, no error has it.

import type { ConfigureInput, DatabaseLocation } from '@dms-backup/core';
import {
  findValue,
  readPasswordFile,
  servicePassword,
  unreadablePasswordFile,
  type ConfigurationSource,
} from '@dms-backup/core/adapter-kit';
import { readConfiguration } from './configuration.ts';
import { passwordVariables } from './configuration-source.ts';

/** settings.DATABASES (1.x - 2.x), parse_db_settings (3.x): user and password are this word unless they are set. */
const productDefault = 'paperless';

/**
 * The password that belongs to the location that `configure` gives. With --database it must be a server of the same kind as
 * the configured one and must not name another user: a password is never tried on somebody else's account. Undefined when
 * there is none, or a file with it cannot be read here. Throws as `configure`.
 */
export async function databasePassword(input: ConfigureInput): Promise<string | undefined> {
  const { instance, sources, configured } = await readConfiguration(input);
  const used = instance.database?.value;
  if (used === undefined || used.engine === 'sqlite') return undefined;
  const user = findValue(sources, 'PAPERLESS_DBUSER')?.value ?? productDefault;
  const isFlag = input.given.database !== undefined;
  if (isFlag) {
    const other = configured?.value.engine;
    if (other !== undefined && other !== 'sqlite' && other !== used.engine) return undefined;
    if (used.user !== undefined && used.user !== user) return undefined;
  }
  // Defined and empty means none, also in the product: the driver then looks for a password file of its own.
  const stated = statedPassword(sources) ?? servicePasswordOf(sources, used.engine, user);
  if (stated !== undefined) return stated === '' ? undefined : stated;
  return isFlag || unreadablePasswordFile(sources, passwordVariables) !== undefined
    ? undefined
    : productDefault;
}

/** Per place, in order of weight: the file, as the container's start script (init-env-file) puts it over the variable. */
function statedPassword(sources: readonly ConfigurationSource[]): string | undefined {
  for (const source of sources) {
    const content = readPasswordFile(source, passwordVariables);
    if (content !== null) return content;
    const value = source.variables.get(passwordVariables.password)?.value;
    if (value !== undefined) return value;
  }
  return undefined;
}

function servicePasswordOf(
  sources: readonly ConfigurationSource[],
  engine: Exclude<DatabaseLocation['engine'], 'sqlite'>,
  user: string,
): string | undefined {
  const compose = sources.find((source) => source.compose !== null)?.compose;
  const host = findValue(sources, 'PAPERLESS_DBHOST')?.value;
  if (!compose || host === undefined) return undefined;
  return servicePassword(compose, engine, host, user);
}
