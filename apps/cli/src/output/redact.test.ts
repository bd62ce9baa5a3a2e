import { describe, expect, it } from 'vitest';
import { redactForeign, redactUrls } from './redact.ts';

describe('redactUrls', () => {
  it.each([
    ['postgres://anna:hunter2@db:5432/paperless', 'postgres://anna:***@db:5432/paperless'],
    ['cannot reach postgres://:hunter2@db/x now', 'cannot reach postgres://:***@db/x now'],
    ['postgres://anna@db/paperless', 'postgres://anna@db/paperless'],
    ['https://example.org:8080/a@b', 'https://example.org:8080/a@b'],
  ])('%s', (text, redacted) => {
    expect(redactUrls(text)).toBe(redacted);
  });
});

describe('redactForeign', () => {
  it('takes out what drivers print and what the environment calls secret', () => {
    const environment = {
      PAPERLESS_DBPASS: 'geheim-99',
      PWD: '/root',
      PASS_FILE: '/root',
      X_TOKEN: 'no',
    };
    const text = "login failed: password=geheim-99 host=db, tried 'geheim-99' in /root, no way";
    expect(redactForeign(text, environment)).toBe(
      "login failed: password=*** host=db, tried '***' in /root, no way",
    );
  });

  it.each([
    ['PGPASSWORD=geheim psql', 'PGPASSWORD=*** psql'],
    ["MYSQL_PWD='ge heim' mysql", 'MYSQL_PWD=*** mysql'],
    ['PAPERLESS_DBPASS: geheim', 'PAPERLESS_DBPASS: ***'],
    ['PAPERLESS_SECRET_KEY="geheim"', 'PAPERLESS_SECRET_KEY=***'],
    ['{"user":"x","password":"geheim","port":1}', '{"user":"x","password":***,"port":1}'],
    ["Access denied for 'x'@'h' (using password: YES)", undefined],
    ['the bypass: none', undefined],
  ])('%s', (text, redacted = text) => {
    expect(redactForeign(text, {})).toBe(redacted);
  });

  it('knows the variables of the database clients, and that a password file is no password', () => {
    const environment = {
      PGPASSWORD: 'geheim-1',
      MYSQL_PWD: 'geheim-2',
      PAPERLESS_DBPASS: 'geheim-3',
      PGPASSFILE: '/root/.pgpass',
      PAPERLESS_DBPASS_FILE: '/run/secrets/db',
    };
    const text = 'geheim-1 geheim-2 geheim-3 /root/.pgpass /run/secrets/db';
    expect(redactForeign(text, environment)).toBe('*** *** *** /root/.pgpass /run/secrets/db');
  });
});
