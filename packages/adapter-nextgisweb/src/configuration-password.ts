// Member `databasePassword`: the password of the database user, as the product finds it. It goes to core and nowhere else: no
// setting, no warning, no error has it.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigureInput } from '@dms-backup/core';
import { readConfiguration } from './configuration.ts';

/**
 * `core.database.password`, else the content of `core.database.pwfile` without white space behind it. With --database it is
 * used for the configured user only (or when the flag names none): a password is never tried on somebody else's account.
 * Undefined when there is none, or the file cannot be read here. Throws as `configure`.
 */
export async function databasePassword(input: ConfigureInput): Promise<string | undefined> {
  const { instance, options, configured } = await readConfiguration(input);
  const used = instance.database?.value;
  if (used?.engine !== 'postgres' || configured?.value.engine !== 'postgres') return undefined;
  if (used.user !== undefined && used.user !== configured.value.user) return undefined;
  const password = options.get('core.database.password')?.value;
  if (password !== undefined) return password;
  const file = options.get('core.database.pwfile')?.value;
  return file === undefined ? undefined : readFile(resolve(input.workingDirectory, file));
}

function readFile(path: string): string | undefined {
  try {
    const content = readFileSync(path, 'utf8').trimEnd();
    return content === '' ? undefined : content;
  } catch {
    return undefined;
  }
}
