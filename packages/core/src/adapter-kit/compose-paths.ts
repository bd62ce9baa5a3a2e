// From paths inside the container to paths on this machine, by the mounts of a compose file: bind mounts directly, named
// volumes where Docker or Podman keep them by default. Also the published port of a database service.

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { systemErrorCode } from '../errors.ts';
import { asTree, listOf, textOf, type ComposeFacts, type Mount } from './compose.ts';
import type { Lookup } from './interpolation.ts';

/** A path on this machine and how it was derived, or why there is none. */
export type HostPath =
  | { readonly path: string; readonly how: string | null }
  | { readonly problem: string };

/** Host path of a path inside the container of the service. Only looks at the file system. */
export function toHostPath(compose: ComposeFacts, inside: string, lookup: Lookup): HostPath {
  const wanted = posix.resolve(compose.workingDirectory, inside);
  const mount = compose.service.mounts
    .filter(({ target }) => isAtOrBelow(posix.normalize(target), wanted))
    .toSorted((left, right) => right.target.length - left.target.length)[0];
  const file = compose.paths[0] ?? '';
  if (mount === undefined) {
    return { problem: `'${wanted}' is inside the container and ${file} mounts nothing there` };
  }
  const base = mountedAt(compose, mount, lookup);
  if ('problem' in base) return base;
  return {
    path: join(base.path, posix.relative(posix.normalize(mount.target), wanted)),
    how: base.how,
  };
}

function isAtOrBelow(directory: string, path: string): boolean {
  const base = directory.replace(/\/+$/, '');
  return path === base || path.startsWith(`${base}/`);
}

function mountedAt(compose: ComposeFacts, mount: Mount, lookup: Lookup): HostPath {
  const file = compose.paths[0] ?? '';
  if (mount.source === null) {
    return { problem: `${file} mounts an anonymous volume at '${mount.target}'` };
  }
  if (mount.type === 'bind') {
    const source = mount.source.replace(/^~(?=\/|$)/, lookup('HOME') ?? homedir());
    return { path: resolve(compose.directory, source), how: `bind mount in ${file}` };
  }
  const definition = compose.volumes.get(mount.source) ?? {};
  const options = asTree(definition['driver_opts']);
  const device = textOf(options['device']);
  if (device !== null && /(?:^|,)r?bind(?:,|$)/.test(textOf(options['o']) ?? '')) {
    return {
      path: join(resolve(compose.directory, device), mount.subpath ?? ''),
      how: `volume '${mount.source}' bound in ${file}`,
    };
  }
  const external = definition['external'];
  const name =
    textOf(definition['name']) ??
    textOf(asTree(external)['name']) ??
    (external === true ? mount.source : `${compose.project}_${mount.source}`);
  return findVolume(name, mount.subpath, file, lookup);
}

/** Default places of Docker and Podman, as root and rootless. */
function volumeDirectories(lookup: Lookup): string[] {
  const home = lookup('HOME');
  const userData =
    lookup('XDG_DATA_HOME') ?? (home === undefined ? undefined : join(home, '.local/share'));
  return [
    '/var/lib/docker/volumes',
    '/var/lib/containers/storage/volumes',
    ...(userData === undefined
      ? []
      : [join(userData, 'docker/volumes'), join(userData, 'containers/storage/volumes')]),
  ];
}

function findVolume(name: string, subpath: string | null, file: string, lookup: Lookup): HostPath {
  let forbidden = false;
  for (const directory of volumeDirectories(lookup)) {
    const path = join(directory, name, '_data');
    try {
      if (statSync(path).isDirectory()) {
        return { path: join(path, subpath ?? ''), how: `volume '${name}' of ${file}` };
      }
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'EACCES' || code === 'EPERM') forbidden = true;
    }
  }
  const where = forbidden
    ? "cannot be looked up by this user (Docker's directory belongs to root)"
    : "is not at Docker's default place";
  return {
    problem: `the volume '${name}' of ${file} ${where}: \`docker volume inspect ${name}\` shows its Mountpoint`,
  };
}

/** The service that is reached by a host name; empty when there is none. */
export function serviceAt(compose: ComposeFacts, host: string): Readonly<Record<string, unknown>> {
  const service = Object.entries(compose.services).find(
    ([name, value]) =>
      name === host ||
      asTree(value)['container_name'] === host ||
      asTree(value)['hostname'] === host,
  );
  return asTree(service?.[1]);
}

/** Where the port of a database service is published on this machine; null when it is not. */
export function publishedPort(
  compose: ComposeFacts,
  host: string,
  inside: number,
): { host: string; port: number } | null {
  for (const item of listOf(serviceAt(compose, host)['ports'])) {
    const text = textOf(item);
    const found = text === null ? longPort(asTree(item)) : shortPort(text);
    if (found !== null && found.target === inside && found.port > 0) {
      const open = found.host === '' || found.host === '0.0.0.0' || found.host === '::';
      return { host: open ? '127.0.0.1' : found.host, port: found.port };
    }
  }
  return null;
}

interface PublishedPort {
  readonly host: string;
  readonly port: number;
  readonly target: number;
}

function longPort(item: Readonly<Record<string, unknown>>): PublishedPort {
  return {
    host: textOf(item['host_ip']) ?? '',
    port: Number(textOf(item['published']) ?? Number.NaN),
    target: Number(textOf(item['target']) ?? Number.NaN),
  };
}

function shortPort(text: string): PublishedPort | null {
  const match = /^(?:(\[[^\]]+\]|[^:]*):)?(\d+):(\d+)(?:\/tcp)?$/.exec(text);
  if (match === null) return null;
  return {
    host: (match[1] ?? '').replaceAll(/[[\]]/g, ''),
    port: Number(match[2]),
    target: Number(match[3]),
  };
}

/** Host and port of a database; without a port the engine's own. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number | undefined;
}

/**
 * Where a server is reached from outside Docker's network: the name of a service means nothing there, so it is the port that
 * its service publishes. Without one the address stays, and a warning says so.
 */
export function addressOutside(
  compose: ComposeFacts | null,
  inside: ServerAddress,
  defaultPort: number,
  warnings: string[],
): ServerAddress {
  if (compose === null || compose.services[inside.host] === undefined) return inside;
  const published = publishedPort(compose, inside.host, inside.port ?? defaultPort);
  if (published !== null) return published;
  warnings.push(
    `the database host '${inside.host}' is a service of ${compose.paths[0]} without a published port: run dms-backup in that network, or publish the port on 127.0.0.1`,
  );
  return inside;
}
