// Which variables are worth recording with their value, and which exist but are only named. A variable that is in neither
// list stays out of the archive: what is recorded is chosen, never filtered.

import { join, posix } from 'node:path';
import type { Instance, Root } from '@dms-backup/core';
import { findValue, pathBelow, type ConfigurationSource } from '@dms-backup/core/adapter-kit';
import { composeProduct } from './configuration-source.ts';

type Setting = Instance['settings'][number];

/** Without the prefix `PAPERLESS_`; names as in docs/configuration.md of 2.20.15 and 3.0.5. */
const recorded = [
  'URL',
  'TIME_ZONE',
  'DBENGINE',
  'FILENAME_FORMAT',
  'FILENAME_FORMAT_REMOVE_NONE',
  'EMPTY_TRASH_DELAY',
  'OCR_LANGUAGE',
  'OCR_LANGUAGES',
  'OCR_MODE',
  'OCR_OUTPUT_TYPE',
  'OCR_SKIP_ARCHIVE_FILE',
  'ARCHIVE_FILE_GENERATION',
  'DATE_ORDER',
  'APP_TITLE',
  'APP_LOGO',
  'APPS',
  'AUDIT_LOG_ENABLED',
  'DB_READ_CACHE_ENABLED',
  'REDIS_PREFIX',
  'TIKA_ENABLED',
  'AI_ENABLED',
  'FORCE_SCRIPT_NAME',
].map((name) => `PAPERLESS_${name}`);

const recordedElsewhere = ['USERMAP_UID', 'USERMAP_GID'];

/** Recorded as absolute paths on this machine. */
const recordedPaths = [
  'EMPTY_TRASH_DIR',
  'TRASH_DIR',
  'CONSUMPTION_DIR',
  'LOGGING_DIR',
  'MODEL_FILE',
  'PRE_CONSUME_SCRIPT',
  'POST_CONSUME_SCRIPT',
].map((name) => `PAPERLESS_${name}`);

/** Paths whose wrong or missing translation changes what is backed up. */
const importantPaths = new Set(['PAPERLESS_EMPTY_TRASH_DIR', 'PAPERLESS_TRASH_DIR']);

export function collectSettings(
  sources: readonly ConfigurationSource[],
  roots: readonly Root[],
  warnings: string[],
): Setting[] {
  const settings: Setting[] = [];
  for (const name of [...recorded, ...recordedElsewhere]) {
    const found = findValue(sources, name);
    if (found !== undefined && !hasCredentials(found.value)) {
      settings.push({ name, value: found.value, source: placeOf(name, found.source) });
    }
  }
  for (const name of recordedPaths) {
    const found = findValue(sources, name);
    if (found === undefined) continue;
    const host = found.from.hostPath(found.value);
    if ('path' in host) {
      settings.push({ name, value: host.path, source: placeOf(name, found.source) });
      continue;
    }
    const inRoot = insideRoot(found.value, sources);
    const directory = roots.find((root) => root.name === inRoot?.root)?.directory;
    if (inRoot !== null && directory !== undefined) {
      const value = join(directory, inRoot.below);
      settings.push({ name, value, source: placeOf(name, found.source) });
    } else if (inRoot === null && importantPaths.has(name)) {
      warnings.push(
        `${host.problem}; originals that the application moved there are not in the archive`,
      );
    }
  }
  return settings;
}

/** Sources of values begin with the variable, which stands beside them here. */
function placeOf(name: string, source: string): string {
  const prefix = `${name} in `;
  return source.startsWith(prefix) ? source.slice(prefix.length) : source;
}

/** The root that a path inside the container lies in: its place on this machine may be known otherwise, e.g. by --media. */
function insideRoot(
  written: string,
  sources: readonly ConfigurationSource[],
): { readonly root: string; readonly below: string } | null {
  const inside = posix.resolve(composeProduct.workingDirectory, written);
  const variables = { media: 'PAPERLESS_MEDIA_ROOT', data: 'PAPERLESS_DATA_DIR' };
  for (const [root, variable] of Object.entries(variables)) {
    const configured = findValue(sources, variable)?.value ?? `../${root}`;
    const below = pathBelow(posix.resolve(composeProduct.workingDirectory, configured), inside);
    if (below !== null) return { root, below };
  }
  return null;
}

/** Everything that may be a key, password or token, known today or not. */
const secretName =
  /^PAPERLESS_(?:.*_)?(?:SECRET|SECRET_KEY|PASS|DBPASS|PASSWORD|PASSPHRASE|TOKEN|API_KEY|PROVIDERS|CLIENT_SECRET)$/;
/** Settings that end in `_FILE` and are no secrets: docker init-env-file leaves them alone. */
const realFileSettings = new Set(['PAPERLESS_OCR_SKIP_ARCHIVE_FILE', 'PAPERLESS_MODEL_FILE']);

/** Names and places of secrets that are set. Values are only tested for being there. */
export function collectSecrets(sources: readonly ConfigurationSource[]): Instance['secrets'] {
  const secrets = new Map<string, string>();
  for (const source of sources) {
    for (const [name, item] of source.variables) {
      if (item.value === '' || realFileSettings.has(name)) continue;
      const plain = name.replace(/_FILE$/, '');
      const isSecret =
        secretName.test(plain) || (name.startsWith('PAPERLESS_') && hasCredentials(item.value));
      if (isSecret && !secrets.has(plain)) secrets.set(plain, placeOf(plain, item.source));
    }
  }
  return [...secrets].map(([name, source]) => ({ name, source })).toSorted(byName);
}

function byName(left: { name: string }, right: { name: string }): number {
  return left.name < right.name ? -1 : 1;
}

/** `redis://:password@host` and the like. */
function hasCredentials(value: string): boolean {
  return /:\/\/[^/\s]*@/.test(value);
}
