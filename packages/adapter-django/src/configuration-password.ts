// Member `databasePassword`: the password of the database user as the project states it. It goes to core and nowhere else.

import type { ConfigureInput, DatabaseLocation } from '@dms-backup/core';
import { readConfiguration } from './configuration.ts';
import { parsePassword } from './manage-answer.ts';
import { askManage } from './run-manage.ts';

/**
 * The password that belongs to the location that `configure` gives. With --database it must be a server of the same kind, and
 * must not name another user: a password is never tried on somebody else's account. Throws as `configure`.
 */
export async function databasePassword(input: ConfigureInput): Promise<string | undefined> {
  const { instance, flags, environment, configured } = await readConfiguration(input);
  const used = instance.database?.value;
  if (used === undefined || used.engine === 'sqlite' || configured === null) return undefined;
  if (input.given.database !== undefined && !mayServe(configured.location, used)) return undefined;
  if (!configured.isTold || flags.manage === null) return configured.password ?? undefined;
  const { manage, alias } = flags;
  return parsePassword(await askManage({ manage, alias, wish: 'password', environment }));
}

function mayServe(
  configured: DatabaseLocation,
  used: { readonly engine: string; readonly user?: string },
): boolean {
  if (configured.engine === 'sqlite' || configured.engine !== used.engine) return false;
  return used.user === undefined || used.user === configured.user;
}
