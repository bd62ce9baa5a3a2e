// Rules for tables: what the product's own backup leaves out is left out, everything else is kept, secrets are named.

import type { DatabaseSchema, Stamp } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { tables } from './tables.ts';

type Table = DatabaseSchema['tables'][number];

function table(name: string, schema = 'public', columns: readonly string[] = ['id']): Table {
  return {
    schema,
    name,
    columns: columns.map((column) => ({
      name: column,
      logicalType: 'text',
      declaredType: 'text',
      nullable: true,
    })),
    primaryKey: [],
  };
}

function rulesOf(found: readonly Table[], release: string | null): Map<string, object> {
  const schema: DatabaseSchema = {
    engine: 'postgres',
    engineVersion: '15',
    encoding: 'UTF8',
    settings: {},
    tables: [...found],
    preData: [],
    postData: [],
    sequences: [],
  };
  const stamp: Stamp = {
    appVersion: null,
    range: release === null ? null : { from: release, to: release },
    foundBy: 'test',
    evidence: [],
    migrations: [],
    migrationState: 'complete',
    warnings: [],
  };
  return new Map(tables(schema, stamp).map(({ table: name, ...rule }) => [name, rule]));
}

const uuid = '1a2b3c4d5e6f40718293a4b5c6d7e8f9';
const cacheColumns = ['z', 'x', 'y', 'color', 'tstamp'];

test.each([
  ['3.9.0', ['pyramid_session', 'pyramid_session_store']],
  ['4.0.0', ['auth_oauth_token', 'pyramid_session', 'pyramid_session_store']],
  [
    '4.3.0',
    ['auth_oauth_password_token', 'auth_oauth_token', 'pyramid_session', 'pyramid_session_store'],
  ],
  ['5.5.0', ['auth_oauth_atoken', 'auth_oauth_ptoken', 'pyramid_session', 'pyramid_session_store']],
])('%s leaves out sessions, tokens and tile caches', (release, names) => {
  const others = ['audit_journal', 'core_storage_stat_delta', 'setting', 'auth_user'];
  const kept3 = release === '3.9.0' ? ['auth_oauth_token'] : [];
  const found = rulesOf(
    [
      ...[...names, ...others, ...kept3].map((name) => table(name)),
      table(uuid, 'tile_cache', cacheColumns),
    ],
    release,
  );
  const leftOut = [...found].filter(([, rule]) => !Reflect.get(rule, 'keepRows'));
  expect(leftOut.map(([name]) => name)).toEqual([
    ...names.map((name) => `public.${name}`),
    `tile_cache.${uuid}`,
  ]);
  for (const [, rule] of leftOut) expect(Reflect.get(rule, 'reason')).toMatch(/\w/);
  expect(found.size).toBe(leftOut.length + others.length + kept3.length);
});

test('a release that nobody knows keeps what older ones keep', () => {
  const found = rulesOf([table('auth_oauth_token'), table('auth_oauth_atoken')], null);
  expect(found.get('public.auth_oauth_token')).toMatchObject({ keepRows: true });
  expect(found.get('public.auth_oauth_atoken')).toMatchObject({ keepRows: false });
});

test('tables of layers by the shape of their names; everything else is nobody knows whose', () => {
  const found = rulesOf(
    [
      table(`layer_${uuid}`, 'vector_layer'),
      table(`layer_${uuid}_e`, 'vector_layer'),
      table(`layer_${uuid}_h`, 'vector_layer'),
      table(`layer_${uuid}_x`, 'vector_layer'),
      table('mine', 'vector_layer'),
      table(uuid, 'tile_cache', ['id']),
      table('mine', 'tile_cache', cacheColumns),
      table('setting', 'other'),
      table('acme_inspection'),
      table('spatial_ref_sys'),
    ],
    '5.5.0',
  );
  expect(Object.fromEntries(found)).toEqual({
    [`vector_layer.layer_${uuid}`]: { class: 'essential', keepRows: true },
    [`vector_layer.layer_${uuid}_e`]: { class: 'essential', keepRows: true },
    [`vector_layer.layer_${uuid}_h`]: { class: 'essential', keepRows: true },
    'public.spatial_ref_sys': { class: 'essential', keepRows: true },
  });
});

test('secret columns are named where the table has them', () => {
  const found = rulesOf(
    [
      table('postgis_connection', 'public', ['id', 'username', 'password']),
      table('tmsclient_connection', 'public', ['id', 'apikey']),
      table('auth_user', 'public', ['principal_id']),
    ],
    '3.8.0',
  );
  expect(found.get('public.postgis_connection')).toMatchObject({ secretColumns: ['password'] });
  expect(found.get('public.tmsclient_connection')).toMatchObject({ secretColumns: ['apikey'] });
  expect(found.get('public.auth_user')).toEqual({ class: 'essential', keepRows: true });
});
