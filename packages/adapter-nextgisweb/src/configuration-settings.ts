// Which options are worth recording with their value, and which exist but are only named. An option that is in neither list
// stays out of the archive: what is recorded is chosen, never filtered.

import type { Instance } from '@dms-backup/core';
import type { Options } from './configuration-options.ts';

/** An option that names a directory, as an absolute path on this machine. */
export interface PathOption {
  readonly name: string;
  readonly directory: string;
  readonly source: string;
}

/** Names as in the options of the components of 5.5.0; older releases have fewer. */
const recorded = new Set([
  'environment.distribution.name',
  'environment.distribution.version',
  'environment.distribution.date',
  'environment.distribution.description',
  'environment.enable_optional_components',
  'core.backup.filename',
  'core.locale.default',
  'core.storage.enabled',
  'core.provision.instance_id',
  'file_storage.cleanup_keep_interval',
  'render.tile_cache.enabled',
  'audit.dbase.enabled',
  'audit.dbase.retention',
  'feature_layer.versioning.default',
  'pyramid.backup.download',
  'svg_marker_library.path',
]);

/** Switches of components and packages. */
const recordedPrefix = /^environment\.(?:component|package)\.[A-Za-z0-9_]+$/;

export function collectSettings(
  options: Options,
  paths: readonly PathOption[],
): Instance['settings'] {
  const settings = paths.map(({ name, directory, source }) => ({ name, value: directory, source }));
  for (const [name, { value, source }] of options) {
    if ((recorded.has(name) || recordedPrefix.test(name)) && !hasCredentials(value)) {
      settings.push({ name, value, source });
    }
  }
  return settings.toSorted(byName);
}

/** Everything that may be a key, password or token, known today or not. */
const secretName =
  /(?:^|[._])(?:secret|password|passwd|pwfile|token|key|api_?key|dsn|credentials?)$/i;

/** Names and places of secrets that are set. Values are only tested for being there. */
export function collectSecrets(options: Options): Instance['secrets'] {
  return [...options]
    .filter(([name, { value }]) => secretName.test(name) || hasCredentials(value))
    .map(([name, { source }]) => ({ name, source }))
    .toSorted(byName);
}

function byName(left: { name: string }, right: { name: string }): number {
  return left.name < right.name ? -1 : 1;
}

/** `https://user:password@host` and the like. */
function hasCredentials(value: string): boolean {
  return /:\/\/[^/\s]*@/.test(value);
}
