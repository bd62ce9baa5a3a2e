// Names of the secrets that a project has outside its database. Their values are never looked at.

import type { Instance } from '@dms-backup/core';
import type { ProjectSource } from './configuration-files.ts';

/** In a file of the project every such variable counts; the process environment has those of other programs, too. */
const inFiles =
  /SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIAL|DSN|(?:^|_)KEY$|^DATABASE_URL$/i;
const inEnvironment = /^(?:DJANGO_)?SECRET_KEY$|^DATABASE_URL$/;

/** `told`: the source to name for SECRET_KEY when the project itself was asked; every project has one. */
export function secretNames(
  sources: readonly ProjectSource[],
  told: string | null,
): Instance['secrets'] {
  const found = new Map<string, string>();
  for (const { variables, isFile } of sources) {
    for (const [name, { source }] of variables) {
      if (!found.has(name) && (isFile ? inFiles : inEnvironment).test(name))
        found.set(name, source);
    }
  }
  if (told !== null && !found.has('SECRET_KEY')) found.set('SECRET_KEY', told);
  return [...found].map(([name, source]) => ({ name, source }));
}
