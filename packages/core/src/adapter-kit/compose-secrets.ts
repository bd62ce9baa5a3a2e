// Secrets in a compose file: files that it mounts as secrets, and the password that it gives to its own database service.

import { isAbsolute, posix, resolve } from 'node:path';
import { serviceAt } from './compose-paths.ts';
import { asTree, environmentOf, listOf, textOf, type ComposeFacts } from './compose.ts';

/** Where Compose mounts secrets whose target is no absolute path. */
const secretDirectory = '/run/secrets';

/** Host path of a secret that is mounted at `inside`; null when it is no secret of the service, or comes from no file. */
export function secretFile(compose: ComposeFacts, inside: string): string | null {
  const wanted = posix.normalize(inside);
  const service = asTree(compose.services[compose.service.name]);
  for (const item of listOf(service['secrets'])) {
    const name = textOf(item) ?? textOf(asTree(item)['source']);
    if (name === null) continue;
    const target = textOf(asTree(item)['target']) ?? name;
    if (posix.normalize(posix.resolve(secretDirectory, target)) !== wanted) continue;
    const file = textOf(asTree(compose.secrets.get(name))['file']);
    if (file === null) return null;
    return isAbsolute(file) ? file : resolve(compose.directory, file);
  }
  return null;
}

/** Variables of the official images; a user without a name is what the image makes of it. */
const imageVariables = {
  postgres: { users: ['POSTGRES_USER'], passwords: ['POSTGRES_PASSWORD'], usual: 'postgres' },
  mariadb: {
    users: ['MARIADB_USER', 'MYSQL_USER'],
    passwords: ['MARIADB_PASSWORD', 'MYSQL_PASSWORD'],
    usual: null,
  },
} as const;

/** The password that the service `host` was started with, if it is that of `user`. */
export function servicePassword(
  compose: ComposeFacts,
  engine: 'postgres' | 'mariadb',
  host: string,
  user: string,
): string | undefined {
  const environment = environmentOf(serviceAt(compose, host)['environment']);
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => environment.get(name) ?? undefined).find((value) => value !== undefined);
  const { users, passwords, usual } = imageVariables[engine];
  return (first(users) ?? usual) === user ? first(passwords) : undefined;
}
