// The PostgreSQL server to measure with, and databases on it that go when the run ends. Works through the client programs of
// PostgreSQL: the references need them anyway.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixtures, sampleVersion } from './instance.ts';
import { hasTool } from './machine.ts';
import { measure } from './measure.ts';
import type { WorkPlace } from './work-place.ts';

interface PostgresServer {
  readonly host: string;
  readonly port: number;
  /** An administrator without password. */
  readonly user: string;
}

const clients = ['pg_dump', 'pg_restore', 'psql', 'createdb', 'dropdb'];
/** Runs in the folder of the fixtures, where the package knows itself by name. */
const findScript = `import { findPostgis } from '@dms-backup/test-fixtures/servers';
process.stdout.write(JSON.stringify((await findPostgis()) ?? null));`;
const sampleScript = `import { buildPaperlessServerInstance } from '@dms-backup/test-fixtures';
await buildPaperlessServerInstance(process.argv[1], { appVersion: '${sampleVersion}', documents: 5 }, JSON.parse(process.argv[2]));`;
const filling = fileURLToPath(new URL('fill-postgres.sql', import.meta.url));

/** Why nothing can be measured here, in words for the user; otherwise the databases of this run. */
export function findPostgres(place: WorkPlace): PostgresDatabases | string {
  const missing = clients.filter((client) => !hasTool(client));
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  const words = ['--input-type=module', '--eval', findScript];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: fixtures,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot look for a PostgreSQL server\n${stderr}`);
  const server = JSON.parse(stdout) as PostgresServer | null;
  if (server === null) return 'no PostgreSQL server (DMS_TEST_POSTGIS=host:port names one)';
  return new PostgresDatabases(server, place);
}

export class PostgresDatabases {
  readonly #server: PostgresServer;
  readonly #place: WorkPlace;
  readonly #prefix = `dms_bench_${randomBytes(4).toString('hex')}`;

  constructor(server: PostgresServer, place: WorkPlace) {
    this.#server = server;
    this.#place = place;
  }

  /** Flags of every client program: where the server is. */
  get flags(): string[] {
    const { host, port, user } = this.#server;
    return ['-h', host, '-p', String(port), '-U', user];
  }

  /** A name of a database of this run; whatever has it is dropped at the end. */
  name(suffix: string): string {
    const name = `${this.#prefix}_${suffix}`;
    this.#place.later(() => {
      try {
        this.drop(name);
      } catch (error) {
        process.stderr.write(`database '${name}' is left behind: ${String(error)}\n`);
      }
    });
    return name;
  }

  url(database: string): string {
    const { host, port, user } = this.#server;
    return `postgres://${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
  }

  drop(database: string): void {
    this.#client('dropdb', '--if-exists', '--force', database);
  }

  /** One value, as text. */
  ask(database: string, sql: string): string {
    return this.#client('psql', '-X', '-At', '-d', database, '-c', sql).trim();
  }

  /** The smallest sample of paperless-ngx, filled; nothing is left to be written when this returns. */
  async build(database: string, documents: number): Promise<{ configuration: string }> {
    const directory = join(this.#place.data, database);
    this.#client('createdb', '-T', 'template0', database);
    const server = JSON.stringify({ engine: 'postgres', ...this.#server, database });
    const words = [process.execPath, '--input-type=module', '--eval', sampleScript, '--'];
    const sample = { script: '"$@"', words: [...words, directory, server], directory: fixtures };
    await measure(sample, this.#place);
    const script = 'psql "$@" -X -q -v ON_ERROR_STOP=1';
    const fill = ['-d', database, '-v', `documents=${documents}`, '-f', filling];
    await measure({ script, words: [...this.flags, ...fill] }, this.#place);
    return { configuration: join(directory, 'config', 'paperless.conf') };
  }

  #client(program: string, ...words: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, [...this.flags, ...words], {
      encoding: 'utf8',
      env: this.#place.environment,
    });
    if (status !== 0) throw new Error(`${program} ${words.join(' ')} failed\n${stderr}`);
    return stdout;
  }
}
