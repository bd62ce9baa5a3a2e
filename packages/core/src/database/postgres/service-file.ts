// Connection service files of libpq: sections with options (PostgreSQL documentation, 34.17 "The Connection Service File").

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DmsBackupError, systemErrorCode } from '../../errors.ts';

/**
 * The options of a service: from PGSERVICEFILE or `~/.pg_service.conf`, else `pg_service.conf` in PGSYSCONFDIR. Throws
 * `configuration-invalid` when there is no such service or a file cannot be read.
 */
export async function readService(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<Readonly<Record<string, string>>> {
  const files = [
    environment['PGSERVICEFILE'] ?? join(home, '.pg_service.conf'),
    join(environment['PGSYSCONFDIR'] ?? '/etc/postgresql-common', 'pg_service.conf'),
  ];
  for (const file of files) {
    const service = findService(await readIfThere(file), name, file);
    if (service) return service;
  }
  throw new DmsBackupError(
    'configuration-invalid',
    `there is no PostgreSQL service '${name}' in ${files.map((file) => `'${file}'`).join(' or ')}`,
    { hint: 'Correct PGSERVICE, or name the service file with PGSERVICEFILE.' },
  );
}

function findService(text: string, name: string, file: string): Record<string, string> | undefined {
  let options: Record<string, string> | undefined;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (options) break;
      if (line === `[${name}]`) options = {};
      continue;
    }
    if (!options) continue;
    const equals = line.indexOf('=');
    if (equals < 0) {
      // The line is not repeated: it may hold a password.
      throw new DmsBackupError(
        'configuration-invalid',
        `a line of service '${name}' in '${file}' is no option`,
        { hint: 'Each line of a service is written as name=value.' },
      );
    }
    options[line.slice(0, equals).trim()] ??= line.slice(equals + 1).trim();
  }
  return options;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return '';
    throw new DmsBackupError('configuration-invalid', `cannot read service file '${file}'`, {
      hint: 'Check the rights of the file, or name another with PGSERVICEFILE.',
      cause: error,
    });
  }
}
