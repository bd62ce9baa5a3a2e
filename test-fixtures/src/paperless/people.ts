// Users, groups, permissions, logins and what else belongs to the libraries for accounts; with the secrets kept there.

import type { AppVersion, Table } from '../data/paperless-facts.ts';
import type { Random } from '../random.ts';
import { randomMoment } from '../random.ts';
import type { Row, RowWriter } from './row-writer.ts';

/** Tables whose content type is not named after them, and types that have no table (leftovers, proxies). */
const CONTENT_TYPES: Record<string, string> = {
  django_admin_log: 'admin.logentry',
  django_content_type: 'contenttypes.contenttype',
  django_session: 'sessions.session',
};
const WITHOUT_TABLE: Record<AppVersion, string[]> = {
  '2.20.15': ['authtoken.tokenproxy', 'documents.log'],
  '3.0.5': ['authtoken.tokenproxy'],
};
/** Permissions beyond add, change, delete, view (3.0.5). */
const EXTRA_PERMISSIONS = ['view_global_statistics', 'view_system_monitoring'];
const APPS = ['paperless_mail', 'django_celery_results'];

export interface UserIds {
  anonymous: number;
  admin: number;
  anna: number;
  juergen: number;
}

/** 1.x and 2.x have a user `consumer` with id 1; 3.x does not. */
export function userIds(appVersion: AppVersion): UserIds {
  const first = appVersion === '3.0.5' ? 1 : 2;
  return { anonymous: first, admin: first + 1, anna: first + 2, juergen: first + 3 };
}

/** `app.model` of every type, in order of its id in django_content_type. */
export function listContentTypes(appVersion: AppVersion, tables: readonly Table[]): string[] {
  const types = tables
    .filter((table) => !isJoinTable(table) && table.name !== 'django_migrations')
    .map((table) => CONTENT_TYPES[table.name] ?? nameAfterTable(table.name));
  return [...types, ...WITHOUT_TABLE[appVersion]].toSorted();
}

function isJoinTable(table: Table): boolean {
  return table.columns.length === 3 && table.columns.slice(1).every((column) => column.references);
}

function nameAfterTable(table: string): string {
  const app =
    APPS.find((name) => table.startsWith(`${name}_`)) ?? table.slice(0, table.indexOf('_'));
  return `${app}.${table.slice(app.length + 1)}`;
}

export function writePermissions(writer: RowWriter, contentTypes: readonly string[]): void {
  writer.insertAll(
    'django_content_type',
    contentTypes.map((type) => ({
      app_label: type.split('.')[0] ?? '',
      model: type.split('.')[1] ?? '',
    })),
  );
  const permissions: Row[] = contentTypes.flatMap((type, index) =>
    ['add', 'change', 'delete', 'view'].map((verb) => ({
      content_type_id: index + 1,
      codename: `${verb}_${type.split('.')[1]}`,
      name: `Can ${verb} ${type.split('.')[1]}`,
    })),
  );
  if (writer.isThree) {
    const owner = contentTypes.indexOf('paperless.applicationconfiguration') + 1;
    for (const codename of EXTRA_PERMISSIONS) {
      permissions.push({ content_type_id: owner, codename, name: codename.replaceAll('_', ' ') });
    }
  }
  writer.insertAll('auth_permission', permissions);
}

/** Returns the secrets that were planted, by name. */
export function writePeople(writer: RowWriter, random: Random): Record<string, string> {
  const { anonymous, admin, anna, juergen } = userIds(writer.appVersion);
  const secrets = {
    apiToken: random.hex(40),
    sessionKey: random.hex(32),
    totpSeed: `SAMPLE${random.hex(12).toUpperCase()}`,
    recoverySeed: `sample-recovery-${random.hex(16)}`,
    oidcSecret: `sample-oidc-${random.hex(16)}`,
    socialToken: `sample-social-${random.hex(16)}`,
    socialTokenSecret: `sample-social-secret-${random.hex(16)}`,
  };
  const users: Row[] = [
    { username: 'AnonymousUser', password: `!${random.hex(40)}`, is_active: true },
    { username: 'admin', first_name: 'Ada', last_name: 'Min', is_superuser: true, is_staff: true },
    { username: 'anna', first_name: 'Anna', last_name: 'Öztürk', email: 'anna@example.org' },
    {
      username: 'jürgen',
      first_name: 'Jürgen',
      last_name: 'Weiß',
      last_login: randomMoment(random),
    },
  ].map((user) => ({
    is_active: true,
    date_joined: randomMoment(random),
    password: `pbkdf2_sha256$1000000$${random.hex(22)}$${random.bytes(32).toString('base64')}`,
    ...user,
  }));
  if (!writer.isThree) users.unshift({ username: 'consumer', is_active: true });
  writer.insertAll('auth_user', users);
  writer.insertAll('auth_group', [{ name: 'Familie' }]);
  writer.insertAll(
    'auth_group_permissions',
    [5, 6, 7].map((permission_id) => ({ group_id: 1, permission_id })),
  );
  writer.insertAll(
    'auth_user_groups',
    [anna, juergen].map((user_id) => ({ user_id, group_id: 1 })),
  );
  writer.insertAll('auth_user_user_permissions', [{ user_id: anna, permission_id: 9 }]);
  writer.insert('authtoken_token', {
    key: secrets.apiToken,
    user_id: admin,
    created: randomMoment(random),
  });
  writer.insertAll('account_emailaddress', [
    { email: 'ada@example.org', verified: true, primary: true, user_id: admin },
    { email: 'anna@example.org', verified: false, primary: true, user_id: anna },
  ]);
  writer.insertAll('account_emailconfirmation', [{ key: random.hex(32), email_address_id: 2 }]);
  writer.insert('django_session', {
    session_key: secrets.sessionKey,
    session_data: `.${random.hex(48)}:sample`,
    expire_date: randomMoment(random),
  });
  writer.insertAll('mfa_authenticator', [
    { type: 'totp', data: JSON.stringify({ secret: secrets.totpSeed }), user_id: admin },
    {
      type: 'recovery_codes',
      data: JSON.stringify({ seed: secrets.recoverySeed, used_mask: 5 }),
      user_id: admin,
    },
  ]);
  writer.insertAll('socialaccount_socialapp', [
    {
      provider: 'openid_connect',
      name: 'Home IdP',
      client_id: 'paperless',
      secret: secrets.oidcSecret,
      provider_id: 'home',
    },
  ]);
  writer.insertAll('socialaccount_socialaccount', [
    {
      provider: 'home',
      uid: `sub-${random.hex(16)}`,
      extra_data: '{"groups": ["a", "b\\\\"]}',
      user_id: anna,
    },
  ]);
  writer.insertAll('socialaccount_socialtoken', [
    {
      token: secrets.socialToken,
      token_secret: secrets.socialTokenSecret,
      account_id: 1,
      app_id: 1,
    },
  ]);
  writer.insertAll('documents_uisettings', [
    {
      user_id: admin,
      settings: '{"theme": {"dark": true}, "language": "de-de", "documentListSize": 50}',
    },
    // A number beyond 2^53 and text beyond ASCII: JSON must travel as text, not through a parser.
    {
      user_id: anonymous,
      settings: '{"big": 9007199254740993, "float": 0.10, "uni": "\\u2028 \\ud83d\\ude00 😀"}',
    },
  ]);
  return secrets;
}
