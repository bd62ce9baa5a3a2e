// `papermerge.toml` (2.1 - 3.2) as section, key and text. Lists and nested tables are passed over: no setting of ours is one.

import { DmsBackupError } from '@dms-backup/core';
import { parse, TomlError } from 'smol-toml';

/** Throws `configuration-invalid` with the line; the text itself is in no message, it has passwords. */
export function readTomlSettings(
  text: string,
  path: string,
): (readonly [section: string, key: string, value: string])[] {
  const settings: (readonly [string, string, string])[] = [];
  for (const [section, content] of Object.entries(parseFile(text, path))) {
    if (typeof content !== 'object' || content === null || Array.isArray(content)) continue;
    for (const [key, value] of Object.entries(content)) {
      if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
        settings.push([section, key, String(value)]);
      }
    }
  }
  return settings;
}

function parseFile(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const line = error instanceof TomlError ? error.line : null;
    throw new DmsBackupError(
      'configuration-invalid',
      `cannot understand ${line === null ? '' : `line ${line} of `}'${path}' as TOML`,
      {
        hint: 'Correct the file, or state the values with flags.',
        context: { file: path, line },
      },
    );
  }
}
