// Users, a group, tags and fields of a sample instance of Papermerge, with the secrets that its tables hold.

import { topFolders, type Builder, type Owner } from './builder.ts';

export const groupName = 'Buchhaltung';

export function addPeople(builder: Builder): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const name of ['admin', 'anna']) {
    const owner = { id: builder.id(`user ${name}`), name, isGroup: false };
    owners.set(name, owner);
    const [home = null, inbox = null] = topFolders(builder).map((title) =>
      builder.folder(owner, [title]),
    );
    builder.add(builder.isAlembic ? 'users' : 'core_user', {
      id: owner.id,
      username: name,
      email: `${name}@example.org`,
      password: builder.secret(`password-${name}`),
      is_active: true,
      is_superuser: name === 'admin',
      home_folder_id: home,
      inbox_folder_id: inbox,
    });
  }
  const group = { id: builder.id('group'), name: `group:${groupName}`, isGroup: true };
  owners.set(groupName, group);
  if (builder.isAlembic) {
    builder.add('groups', { id: group.id, name: groupName });
  } else {
    builder.add('auth_group', { id: 1, name: groupName });
    for (const [id, model] of [
      [8, 'folder'],
      [9, 'document'],
      [10, 'automate'],
      [11, 'basetreenode'],
    ] as const) {
      builder.add('django_content_type', { id, app_label: 'core', model });
    }
  }
  builder.add('authtoken_token', {
    key: builder.secret('token'),
    user_id: owners.get('anna')?.id ?? '',
  });
  builder.add('api_tokens', {
    id: builder.id('token'),
    user_id: owners.get('anna')?.id ?? '',
    token_hash: builder.secret('hash'),
  });
  builder.add('django_session', {
    session_key: builder.secret('session'),
    session_data: builder.secret('data'),
  });
  return owners;
}

export function tagId(builder: Builder, name: string): string {
  const tags = builder.rows.get(builder.isAlembic ? 'tags' : 'core_tag') ?? [];
  return String(tags.find((row) => row['name'] === name)?.['id'] ?? '');
}

export function addTags(builder: Builder, owners: ReadonlyMap<string, Owner>): void {
  for (const name of ['größe', 'bezahlt', 'unused']) {
    builder.add(builder.isAlembic ? 'tags' : 'core_tag', {
      id: builder.id(`tag ${name}`),
      name,
      slug: name,
      bg_color: '#c41fff',
      fg_color: '#ffffff',
      user_id: owners.get('anna')?.id ?? null,
    });
  }
  if (!builder.isAlembic) return;
  for (const [name, type] of [
    ['Shop "ü"', 'text'],
    ['bezahlt', 'boolean'],
    ['Summe €', 'monetary'],
  ] as const) {
    builder.add('custom_fields', {
      id: builder.id(`field ${name}`),
      name,
      type,
      type_handler: type,
    });
  }
  builder.add('document_types', { id: builder.id('type'), name: 'Rechnung' });
}
