// The JSON file of --file-map and the words of --file-column, checked while they are read: a typing error there would remove
// the proof without a word.

import { readFile } from 'node:fs/promises';
import { DmsBackupError, systemErrorCode } from '@dms-backup/core';
import { splitName } from './file-columns.ts';

/** What the user says about one column. */
export interface MappedColumn {
  readonly table: string;
  readonly column: string;
  readonly document: string | null;
  readonly title: string | null;
  readonly source: string;
}

const shape =
  'Write {"table.column": {}}, with "document" and "title" as optional names of columns.';
const known = new Set(['document', 'title']);
const sizeLimitBytes = 1024 * 1024;

/** Throws `configuration-invalid`, also when the file does not exist. */
export async function readFileMap(path: string): Promise<MappedColumn[]> {
  const refuse = (problem: string, cause?: unknown): DmsBackupError =>
    new DmsBackupError('configuration-invalid', `cannot use the file map '${path}': ${problem}`, {
      hint: shape,
      context: { file: path },
      cause,
    });
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw refuse(
      systemErrorCode(error) === 'ENOENT' ? 'there is no such file' : 'it cannot be read',
      error,
    );
  });
  if (content.length > sizeLimitBytes) throw refuse('it is larger than 1 MiB');
  let map: unknown;
  try {
    map = JSON.parse(content);
  } catch {
    throw refuse('it is no JSON');
  }
  if (!isRecord(map)) throw refuse('it is no JSON object');
  return Object.entries(map).map(([name, facts]) => {
    if (!isColumnName(name)) throw refuse(`'${name}' is no table.column`);
    if (!isRecord(facts)) throw refuse(`'${name}' has no object as its value`);
    for (const [key, value] of Object.entries(facts)) {
      if (!known.has(key)) throw refuse(`'${name}' has the unknown key '${key}'`);
      if (typeof value !== 'string' || value === '')
        throw refuse(`'${key}' of '${name}' is no name`);
    }
    const { document, title } = facts as { document?: string; title?: string };
    return {
      ...splitName(name),
      document: document ?? null,
      title: title ?? null,
      source: `--file-map ${path}`,
    };
  });
}

/** Throws `configuration-invalid`. */
export function parseFileColumn(word: string): MappedColumn {
  if (!isColumnName(word)) {
    throw new DmsBackupError('configuration-invalid', `'${word}' is no table.column`, {
      hint: 'Write --file-column with a table and a column, e.g. archive_document.file.',
    });
  }
  return { ...splitName(word), document: null, title: null, source: '--file-column' };
}

function isColumnName(name: string): boolean {
  const { table, column } = splitName(name);
  // oxlint-disable-next-line no-control-regex -- names are shown
  return name.includes('.') && table !== '' && column !== '' && !/[\u0000-\u001f]/.test(name);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
