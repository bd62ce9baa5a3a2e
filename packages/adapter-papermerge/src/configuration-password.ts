// Member `databasePassword`: the password of the database user, as the product finds it. It goes to core and nowhere else: no
// setting, no warning, no error has it.

import type { ConfigureInput } from '@dms-backup/core';
import { servicePassword } from '@dms-backup/core/adapter-kit';
import { readConfiguration } from './configuration.ts';

/**
 * The password that belongs to the location that `configure` gives. With --database it must be a server of the same kind as
 * the configured one and must not name another user: a password is never tried on somebody else's account. Undefined when
 * there is none. Throws as `configure`.
 */
export async function databasePassword(input: ConfigureInput): Promise<string | undefined> {
  const { instance, sources, configured } = await readConfiguration(input);
  const used = instance.database?.value;
  const known = configured?.located.value;
  if (used === undefined || used.engine === 'sqlite' || known === undefined) return undefined;
  if (known.engine === 'sqlite' || known.engine !== used.engine) return undefined;
  if (used.user !== undefined && used.user !== known.user) return undefined;
  if (configured?.password !== undefined) return configured.password || undefined;
  const compose = sources.find((source) => source.compose !== null)?.compose;
  if (!compose || known.user === undefined) return undefined;
  const host = Object.keys(compose.services).find(
    (name) => servicePassword(compose, known.engine, name, known.user ?? '') !== undefined,
  );
  return host === undefined ? undefined : servicePassword(compose, known.engine, host, known.user);
}
