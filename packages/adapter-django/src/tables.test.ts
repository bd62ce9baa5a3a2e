import type { DatabaseSchema, Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { tables } from './tables.ts';

type Table = DatabaseSchema['tables'][number];

function tableOf(name: string, columns: readonly string[] = ['id'], schema?: string): Table {
  return {
    ...(schema === undefined ? {} : { schema }),
    name,
    primaryKey: ['id'],
    columns: columns.map((column) => ({
      name: column,
      logicalType: 'text',
      declaredType: '',
      nullable: true,
    })),
  };
}

function rulesOf(found: readonly Table[], migrations: readonly string[] = []) {
  const schema = { tables: [...found] } as unknown as DatabaseSchema;
  const stamp = { migrations: [...migrations] } as unknown as Stamp;
  return new Map(tables(schema, stamp).map((rule) => [rule.table, rule]));
}

const session = ['session_key', 'session_data', 'expire_date'];

test('sessions are left out, with the reason', () => {
  const rule = rulesOf([tableOf('django_session', session)]).get('django_session');
  expect(rule).toEqual({
    table: 'django_session',
    class: 'ephemeral',
    keepRows: false,
    reason: 'sessions: users log in again',
    secretColumns: ['session_key', 'session_data'],
  });
});

test('a table of that name with other columns is kept', () => {
  const rules = rulesOf([tableOf('django_session', ['id', 'talk'])], ['django.0001_initial']);
  expect(rules.get('django_session')?.keepRows).toBe(true);
});

test('tables of migrated apps are essential, others are nobody’s', () => {
  const rules = rulesOf(
    [tableOf('archive_document'), tableOf('Archive_Note'), tableOf('archives'), tableOf('legacy')],
    ['archive.0001_initial'],
  );
  expect([...rules.keys()]).toEqual(['archive_document', 'Archive_Note']);
  expect(rules.get('archive_document')).toMatchObject({ class: 'essential', keepRows: true });
});

test('secrets by name, and the password of any user model', () => {
  const rules = rulesOf([
    tableOf('authtoken_token', ['key', 'user_id']),
    tableOf('people_member', ['id', 'password', 'last_login']),
    tableOf('doors', ['id', 'password']),
    tableOf('mfa_authenticator', ['id', 'type']),
  ]);
  expect(rules.get('authtoken_token')?.secretColumns).toEqual(['key']);
  expect(rules.get('people_member')?.secretColumns).toEqual(['password']);
  expect(rules.has('doors')).toBe(false);
  expect(rules.has('mfa_authenticator')).toBe(false);
});

test('PostgreSQL: only the schema of Django, never tables of an extension', () => {
  const rules = rulesOf([
    tableOf('django_migrations', ['app', 'name'], 'tenant'),
    tableOf('django_session', session, 'tenant'),
    tableOf('django_session', session, 'public'),
    { ...tableOf('auth_group', ['id'], 'tenant'), extension: { name: 'x', ownRows: false } },
  ]);
  expect([...rules.keys()]).toEqual(['tenant.django_migrations', 'tenant.django_session']);
});

test('PostgreSQL: two schemas with Django, then public', () => {
  const rules = rulesOf([
    tableOf('django_migrations', ['app', 'name'], 'tenant'),
    tableOf('django_migrations', ['app', 'name'], 'public'),
  ]);
  expect([...rules.keys()]).toEqual(['public.django_migrations']);
});

test('history stays', () => {
  expect(rulesOf([tableOf('django_admin_log')]).get('django_admin_log')).toMatchObject({
    class: 'history',
    keepRows: true,
  });
});
