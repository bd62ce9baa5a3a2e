// Which settings are worth recording with their value, and which exist but are only named. What is recorded is chosen, never
// filtered: a variable that is in neither list stays out of the archive.

import type { Instance } from '@dms-backup/core';
import { asTree, environmentOf } from '@dms-backup/core/adapter-kit';
import { confName, findSetting, type PapermergeSource } from './configuration-source.ts';

type Setting = Instance['settings'][number];

/** Names as in the documentation and settings modules of 2.1, 3.0 - 3.5 and 3.6.0a16. */
const recorded = [
  'DJANGO_SETTINGS_MODULE',
  'PAPERMERGE__DATABASE__TYPE',
  'PAPERMERGE__MAIN__FILE_SERVER',
  'PAPERMERGE__MAIN__PREFIX',
  'PAPERMERGE__MAIN__CF_DOMAIN',
  'PAPERMERGE__MAIN__API_PREFIX',
  'PAPERMERGE__MAIN__TIMEZONE',
  'PAPERMERGE__MAIN__LANGUAGE_CODE',
  'PAPERMERGE__OCR__DEFAULT_LANGUAGE',
  'PAPERMERGE__OCR__LANG_CODES',
  'PAPERMERGE__SEARCH__ENGINE',
  'PAPERMERGE__S3__BUCKET_NAME',
  'PM_STORAGE_BACKEND',
  'PM_BUCKET_NAME',
  'PM_PREFIX',
  'PM_CF_DOMAIN',
  'PM_MAX_FILE_SIZE_MB',
];

/** Keys of `papermerge.conf.py` (1.3 - 2.0). */
const recordedOfConf = ['DBTYPE', 'DEFAULT_FILE_STORAGE', 'OCR_DEFAULT_LANGUAGE', 'LANGUAGE_CODE'];

export function collectSettings(sources: readonly PapermergeSource[]): Setting[] {
  const settings: Setting[] = [];
  const names = [
    ...recorded.map((name) => [name, name] as const),
    ...recordedOfConf.map((name) => [name, confName(name)] as const),
  ];
  for (const [name, key] of names) {
    const found = findSetting(sources, key);
    if (found === undefined || hasCredentials(found.value)) continue;
    settings.push({ name, value: found.value, source: placeOf(name, found.source) });
  }
  const bucket = bucketOfWorker(sources);
  if (bucket !== null && settings.every(({ name }) => name !== bucket.name)) settings.push(bucket);
  return settings;
}

/** The S3 worker of 3.3 - 3.5 is a service of its own with variables of its own. */
function bucketOfWorker(sources: readonly PapermergeSource[]): Setting | null {
  const name = 'PAPERMERGE__S3__BUCKET_NAME';
  const compose = sources.find((source) => source.compose !== null)?.compose;
  for (const [service, value] of Object.entries(compose?.services ?? {})) {
    const bucket = environmentOf(asTree(value)['environment']).get(name);
    if (bucket) return { name, value: bucket, source: `service ${service}` };
  }
  return null;
}

/** Sources of values begin with the variable, which stands beside them here. */
function placeOf(name: string, source: string): string {
  const prefix = `${name} in `;
  return source.startsWith(prefix) ? source.slice(prefix.length) : source;
}

/** Everything that may be a key, password or token, known today or not. */
const secretName =
  /^(?:PAPERMERGE__|PM_|POSTGRES_|DJANGO_SUPERUSER_|conf )(?:.*_)?(?:SECRET|SECRET_KEY|PASS|DBPASS|PASSWORD|TOKEN|ACCESS_KEY|ACCESS_KEY_ID|PRIVATE_KEY|KEY_ID)$/;

/** Names and places of secrets that are set. Values are only tested for being there. */
export function collectSecrets(sources: readonly PapermergeSource[]): Instance['secrets'] {
  const secrets = new Map<string, string>();
  for (const source of sources) {
    for (const [key, item] of source.variables) {
      if (item.value === '') continue;
      const isOurs = /^(?:PAPERMERGE__|PM_|conf )/.test(key);
      if (!secretName.test(key) && !(isOurs && hasCredentials(item.value))) continue;
      const name = key.replace(/^conf /, '');
      if (!secrets.has(name)) secrets.set(name, placeOf(name, item.source));
    }
  }
  return [...secrets]
    .map(([name, source]) => ({ name, source }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** `redis://:password@host` and the like. */
function hasCredentials(value: string): boolean {
  return /:\/\/[^/\s]*@/.test(value);
}
