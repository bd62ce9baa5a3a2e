import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigureInput, GivenLocation } from '@dms-backup/core';
import { afterAll, describe, expect, test } from 'vitest';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-password-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Files in a new folder; the answer, and what `configure` makes of the same input, which must never hold a password. */
async function ask(
  files: Readonly<Record<string, string>>,
  given: Partial<GivenLocation> = {},
  environment: ConfigureInput['environment'] = {},
): Promise<{ password: string | undefined; warnings: readonly string[]; shown: string }> {
  const workingDirectory = mkdtempSync(join(scratch, 'place-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workingDirectory, name)), { recursive: true });
    writeFileSync(join(workingDirectory, name), text);
  }
  const input = { given: { configFiles: [], ...given }, environment, workingDirectory };
  const instance = await configure(input);
  return {
    password: await databasePassword(input),
    warnings: instance.warnings,
    shown: JSON.stringify(instance),
  };
}

const conf = (...lines: string[]) => ({
  'paperless.conf': ['PAPERLESS_DBHOST=db.example', ...lines, ''].join('\n'),
});

function compose(environment: string, more = '', database = ''): Record<string, string> {
  return {
    'compose.yaml': `services:
  db:
    image: postgres:18
    environment: {POSTGRES_USER: paperless, POSTGRES_PASSWORD: of-the-service${database}}
  webserver:
    image: paperlessngx/paperless-ngx:3.0.5
    environment: {PAPERLESS_DBENGINE: postgresql, PAPERLESS_DBHOST: db${environment}}
${more}`,
  };
}

describe('from the configuration', () => {
  test('a conf file, the environment before it, the default of the product after it', async () => {
    const stated = conf('PAPERLESS_DBPASS="geheim 99"');
    expect(await ask(stated)).toMatchObject({ password: 'geheim 99', warnings: [] });
    expect((await ask(stated)).shown).not.toContain('geheim');
    const environment = { PAPERLESS_DBPASS: 'of-the-environment' };
    expect((await ask(stated, {}, environment)).password).toBe('of-the-environment');
    expect((await ask(conf())).password).toBe('paperless');
  });

  test('defined and empty means none', async () => {
    expect((await ask(conf('PAPERLESS_DBPASS='))).password).toBeUndefined();
  });

  test('SQLite needs none', async () => {
    const files = { 'paperless.conf': 'PAPERLESS_DBPASS=left-over\n', 'data/db.sqlite3': '' };
    expect((await ask(files)).password).toBeUndefined();
  });

  test('a file wins over the variable beside it; line ends are no part of it', async () => {
    const files = { ...conf('PAPERLESS_DBPASS=of-the-conf'), secret: 'from file \n\n' };
    const environment = { PAPERLESS_DBPASS: 'beside', PAPERLESS_DBPASS_FILE: 'secret' };
    expect((await ask(files, {}, environment)).password).toBe('from file ');
  });

  test('a file that is not here is told, and the next place counts', async () => {
    const environment = { PAPERLESS_DBPASS_FILE: '/run/secrets/nowhere' };
    const found = await ask(conf(), {}, environment);
    expect(found.warnings).toEqual([expect.stringContaining('--database-password-file')]);
    expect(found.password).toBeUndefined();
    expect(await ask(conf('PAPERLESS_DBPASS=x1'), {}, environment)).toMatchObject({
      password: 'x1',
      warnings: [],
    });
  });
});

describe('from a compose file', () => {
  test('its own variable, an env file, the password of its database service', async () => {
    expect((await ask(compose(', PAPERLESS_DBPASS: own'))).password).toBe('own');
    const withFile = {
      ...compose('', '    env_file: docker-compose.env\n'),
      'docker-compose.env': 'PAPERLESS_DBPASS=of-the-env-file\n',
    };
    expect((await ask(withFile)).password).toBe('of-the-env-file');
    const found = await ask(compose(''));
    expect(found.password).toBe('of-the-service');
    expect(found.shown).not.toContain('of-the-service');
  });

  test('the password of another user of the service is not taken', async () => {
    expect((await ask(compose(', PAPERLESS_DBUSER: ngx'))).password).toBe('paperless');
  });

  test.each([
    ['MARIADB_USER: paperless, MARIADB_PASSWORD: of-mariadb', 'of-mariadb'],
    ['MYSQL_USER: paperless, MYSQL_PASSWORD: of-mysql', 'of-mysql'],
    ['MARIADB_ROOT_PASSWORD: of-root', 'paperless'],
  ])('a MariaDB service with %s', async (environment, password) => {
    const text = `services:
  db: {image: "mariadb:12", environment: {${environment}}}
  webserver:
    image: paperlessngx/paperless-ngx:3.0.5
    environment: {PAPERLESS_DBENGINE: mariadb, PAPERLESS_DBHOST: db}
`;
    expect((await ask({ 'compose.yaml': text })).password).toBe(password);
  });

  test.each([
    ['    secrets: [dbpass]\n', '/run/secrets/dbpass'],
    ['    secrets: [{source: dbpass, target: pw}]\n', '/run/secrets/pw'],
    ['    secrets: [{source: dbpass, target: /etc/pw}]\n', '/etc/pw'],
    ['    volumes: ["./private/password:/pw:ro"]\n', '/pw'],
  ])('a secret mounted by %s', async (mount, inside) => {
    const files = {
      ...compose(
        `, PAPERLESS_DBPASS_FILE: ${inside}`,
        `${mount}secrets:\n  dbpass: {file: ./private/password}\n`,
      ),
      'private/password': 'of-the-secret\n',
    };
    const found = await ask(files);
    expect(found.password).toBe('of-the-secret');
    expect(found.shown).not.toContain('of-the-secret');
    expect(found.warnings.join()).not.toContain('PAPERLESS_DBPASS_FILE');
  });

  test('a secret of a swarm is not here: no guess in its place', async () => {
    const files = compose(
      ', PAPERLESS_DBPASS_FILE: /run/secrets/dbpass',
      '    secrets: [dbpass]\nsecrets:\n  dbpass: {external: true}\n',
    );
    expect((await ask(files)).warnings.join()).toContain('PAPERLESS_DBPASS_FILE');
  });
});

describe('with --database', () => {
  const stated = conf('PAPERLESS_DBPASS=stated', 'PAPERLESS_DBUSER=ngx');
  const server = { engine: 'postgres', host: 'other', name: 'docs' } as const;

  test('it goes with the same user, or none', async () => {
    expect((await ask(stated, { database: { ...server, user: 'ngx' } })).password).toBe('stated');
    expect((await ask(stated, { database: server })).password).toBe('stated');
    expect((await ask(stated, { database: { ...server, user: 'root' } })).password).toBeUndefined();
  });

  test('not to a server of another kind, and never as a guess', async () => {
    const database = { ...server, engine: 'mariadb', user: 'ngx' } as const;
    expect((await ask(stated, { database })).password).toBeUndefined();
    expect((await ask(conf(), { database: server })).password).toBeUndefined();
  });

  test('a move from SQLite takes what the environment states', async () => {
    const environment = { PAPERLESS_DBPASS: 'stated' };
    expect((await ask({}, { database: server, media: '/m' }, environment)).password).toBe('stated');
    const database = { engine: 'sqlite', path: '/x' } as const;
    expect((await ask(stated, { database })).password).toBeUndefined();
  });
});
