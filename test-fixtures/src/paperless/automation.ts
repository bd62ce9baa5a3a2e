// Workflows with their triggers, actions and runs; mail accounts, rules and processed mails; with the secrets kept there.

import type { Random } from '../random.ts';
import { randomMoment } from '../random.ts';
import { FIELDS } from './classification.ts';
import { userIds } from './people.ts';
import type { RowWriter } from './row-writer.ts';
import { TRASH_TRANSACTION, TRASHED_AT } from './special-documents.ts';

/** Returns the secrets that were planted, by name. */
export function writeAutomation(writer: RowWriter, random: Random): Record<string, string> {
  const mail = writeMail(writer, random);
  const workflow = writeWorkflows(writer, random);
  return { ...mail, ...workflow };
}

function writeMail(writer: RowWriter, random: Random): Record<string, string> {
  const { admin } = userIds(writer.appVersion);
  const secrets = {
    mailPassword: `sample-mail-!#%'\\${random.hex(12)}`,
    mailAccessToken: `sample-access-${random.hex(16)}`,
    mailRefreshToken: `sample-refresh-${random.hex(16)}`,
  };
  const account = { imap_server: '127.0.0.1', character_set: 'UTF-8', account_type: 1 };
  writer.insertAll('paperless_mail_mailaccount', [
    {
      ...account,
      name: 'Privat IMAP',
      imap_port: 993,
      imap_security: 2,
      username: 'mail@example.org',
      password: secrets.mailPassword,
      owner_id: admin,
    },
    {
      ...account,
      name: 'Büro OAuth',
      username: 'oauth@example.org',
      password: secrets.mailAccessToken,
      is_token: true,
      account_type: 2,
      refresh_token: secrets.mailRefreshToken,
      expiration: randomMoment(random),
    },
  ]);
  const rule = {
    folder: 'INBOX/Rechnung',
    maximum_age: 30,
    attachment_type: 1,
    consumption_scope: 1,
    action: 3,
  };
  writer.insertAll('paperless_mail_mailrule', [
    {
      ...rule,
      name: 'Rechnungen abholen',
      order: 1,
      enabled: true,
      filter_subject: 'Rechnung%',
      account_id: 1,
      assign_correspondent_id: 1,
      owner_id: admin,
      stop_processing: true,
    },
    { ...rule, name: 'Rechnungen abholen', order: -1, account_id: 2 },
  ]);
  writer.insertAll(
    'paperless_mail_mailrule_assign_tags',
    [1, 2].map((tag_id) => ({ mailrule_id: 1, tag_id })),
  );
  writer.insertAll(
    'paperless_mail_processedmail',
    [1, 2, 3, 4].map((number) => ({
      folder: 'INBOX',
      uid: String(4_000 + number),
      subject: `Re: Rechnung ${number} 📧`,
      received: randomMoment(random),
      processed: randomMoment(random),
      status: number === 3 ? 'FAILED' : 'SUCCESS',
      error: number === 3 ? 'Traceback:\n\tboom\\n' : null,
      rule_id: 1,
      uid_validity: '1700000000',
    })),
  );
  return secrets;
}

function writeWorkflows(writer: RowWriter, random: Random): Record<string, string> {
  const { admin, anna } = userIds(writer.appVersion);
  const secrets: Record<string, string> = { webhookBearer: `sample-bearer-${random.hex(16)}` };
  if (writer.isThree) secrets.pdfPassword = `sample-pdf-password-${random.hex(8)}`;
  writer.insertAll('documents_workflow', [
    { name: 'Beim Eingang', order: 1, enabled: true },
    { name: 'Fälligkeit', order: 2, enabled: true },
  ]);
  const trigger = {
    is_insensitive: true,
    schedule_recurring_interval_days: 1,
    schedule_date_field: 'added',
  };
  writer.insertAll('documents_workflowtrigger', [
    { ...trigger, type: 1, sources: '1,2,3', filter_filename: '*.pdf', filter_mailrule_id: 1 },
    {
      ...trigger,
      type: 4,
      sources: '1,2,3,4',
      schedule_offset_days: -7,
      schedule_date_field: 'custom_field',
      schedule_date_custom_field_id: FIELDS.due,
    },
  ]);
  writer.insertAll('documents_workflowactionemail', [
    {
      subject: '{{doc_title}}',
      body: 'Hallo\n\\N',
      to: 'a@example.org,b@example.org',
      include_document: true,
    },
  ]);
  writer.insertAll('documents_workflowactionwebhook', [
    {
      url: 'http://127.0.0.1:9/hook',
      use_params: true,
      as_json: true,
      params: '{"title": "{{doc_title}}"}',
      headers: JSON.stringify({ Authorization: `Bearer ${secrets.webhookBearer}` }),
    },
  ]);
  writer.insertAll('documents_workflowaction', [
    {
      type: 1,
      assign_title: '{{ correspondent }}',
      assign_custom_fields_values: `{"${FIELDS.amount}": "EUR12.50"}`,
      assign_owner_id: admin,
    },
    { type: 3, order: 1, email_id: 1 },
    { type: 4, webhook_id: 1 },
    {
      type: 2,
      order: 1,
      remove_all_tags: true,
      passwords: secrets.pdfPassword ? JSON.stringify([secrets.pdfPassword]) : null,
    },
  ]);
  writer.insertAll(
    'documents_workflow_triggers',
    [1, 2].map((id) => ({ workflow_id: id, workflowtrigger_id: id })),
  );
  writer.insertAll(
    'documents_workflow_actions',
    [1, 2, 3, 4].map((id) => ({ workflow_id: id < 3 ? 1 : 2, workflowaction_id: id })),
  );
  writer.insertAll('documents_workflowaction_assign_tags', [{ workflowaction_id: 1, tag_id: 2 }]);
  writer.insertAll('documents_workflowaction_assign_view_users', [
    { workflowaction_id: 1, user_id: anna },
  ]);
  writer.insertAll('documents_workflowaction_assign_custom_fields', [
    { workflowaction_id: 1, customfield_id: FIELDS.amount },
  ]);
  writer.insertAll('documents_workflowtrigger_filter_has_tags', [
    { workflowtrigger_id: 1, tag_id: 1 },
  ]);
  writer.insertAll('documents_workflowrun', [
    { type: 1, run_at: randomMoment(random), document_id: 1, workflow_id: 1 },
    { type: 4, run_at: randomMoment(random), document_id: 1, workflow_id: 2 },
    { type: 4, run_at: randomMoment(random), document_id: 3, workflow_id: 2 },
    {
      type: 4,
      run_at: randomMoment(random),
      document_id: 2,
      workflow_id: 2,
      deleted_at: TRASHED_AT,
      transaction_id: TRASH_TRANSACTION,
    },
  ]);
  return secrets;
}
