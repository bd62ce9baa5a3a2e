import type { DatabaseSchema } from '@dms-backup/core';
import { expect, test } from 'vitest';
import { tables } from './tables.ts';

function schemaOf(
  names: readonly string[],
  schema?: string,
  columns: readonly string[] = ['id'],
): DatabaseSchema {
  return {
    engine: schema === undefined ? 'sqlite' : 'postgres',
    engineVersion: '',
    encoding: 'UTF-8',
    settings: {},
    preData: [],
    postData: [],
    sequences: [],
    tables: names.map((name) => ({
      ...(schema === undefined ? {} : { schema }),
      name,
      primaryKey: [],
      columns: columns.map((column) => ({
        name: column,
        logicalType: 'any',
        declaredType: '',
        nullable: true,
      })),
    })),
  };
}

test('rows are left out of sessions and finished tasks only', () => {
  const names = [
    'django_session',
    'django_celery_results_taskresult',
    'django_q_ormq',
    'django_q_task',
    'account_emailconfirmation',
    'documents_document',
  ];
  const leftOut = tables(schemaOf(names)).filter(({ keepRows }) => !keepRows);
  expect(leftOut.map(({ table }) => table)).toEqual(names.slice(0, 4));
  for (const rule of leftOut)
    expect(rule).toMatchObject({ class: 'ephemeral', reason: expect.any(String) });
});

test('what looks like history and is state is essential', () => {
  const names = [
    'documents_workflowrun',
    'paperless_mail_processedmail',
    'django_q_schedule',
    'authtoken_token',
  ];
  expect(tables(schemaOf(names)).map((rule) => rule.class)).toEqual(names.map(() => 'essential'));
});

test('what is history is kept all the same', () => {
  const names = [
    'documents_paperlesstask',
    'django_admin_log',
    'auditlog_logentry',
    'documents_log',
  ];
  for (const rule of tables(schemaOf(names)))
    expect(rule).toMatchObject({ class: 'history', keepRows: true });
});

test('names are qualified as the engine does; other schemas and other apps are not ours', () => {
  expect(tables(schemaOf(['documents_tag'], 'public'))).toEqual([
    { table: 'public.documents_tag', class: 'essential', keepRows: true },
  ]);
  expect(tables(schemaOf(['documents_tag'], 'archive'))).toEqual([]);
  expect(tables(schemaOf(['my_plugin_thing', 'documents_document_copy']))).toEqual([]);
});

test('the schema with the documents is ours, whatever it is called', () => {
  const own = schemaOf(['documents_document', 'django_session'], 'paperless');
  expect(tables(own).map(({ table }) => table)).toEqual([
    'paperless.documents_document',
    'paperless.django_session',
  ]);
  const copied = schemaOf(['documents_document'], 'public');
  const two = { ...copied, tables: [...copied.tables, ...own.tables] };
  expect(tables(two).map(({ table }) => table)).toEqual(['public.documents_document']);
});

test('secret columns are those that this release has', () => {
  const columns = ['id', 'password', 'headers', 'params'];
  expect(
    tables(schemaOf(['paperless_mail_mailaccount'], undefined, columns))[0]?.secretColumns,
  ).toEqual(['password']);
  expect(
    tables(schemaOf(['documents_workflowactionwebhook'], undefined, columns))[0]?.secretColumns,
  ).toEqual(['headers', 'params']);
  expect(tables(schemaOf(['documents_workflowaction'], undefined, columns))[0]).not.toHaveProperty(
    'secretColumns',
  );
});
