// What happened: applied migrations, audit log, tasks, admin log, and in 2.x the results of Celery.

import { readMigrations } from '../data/paperless-facts.ts';
import type { Random } from '../random.ts';
import { createRandom, randomMoment } from '../random.ts';
import type { DocumentPlan } from './document-plan.ts';
import { userIds } from './people.ts';
import type { Row, RowWriter } from './row-writer.ts';

export function writeMigrationRows(writer: RowWriter): void {
  const applied = Object.entries(readMigrations(writer.appVersion));
  const rows = applied.flatMap(([app, names]) => names.map((name) => ({ app, name })));
  writer.insertAll(
    'django_migrations',
    rows.map((row, index) => ({
      ...row,
      applied: `2026-09-01 03:00:${String(index % 60).padStart(2, '0')}.${String(index * 977).padStart(6, '0')}`,
    })),
  );
}

/** Every document has one line in the audit log: its creation. */
export function writeHistory(
  writer: RowWriter,
  random: Random,
  contentTypes: readonly string[],
  plans: readonly DocumentPlan[],
  seed: number,
): void {
  const { admin } = userIds(writer.appVersion);
  const documentType = contentTypes.indexOf('documents.document') + 1;
  for (const plan of plans) {
    writer.insert('auditlog_logentry', {
      object_pk: String(plan.id),
      object_id: plan.id,
      object_repr: `${plan.created} ${plan.title}`,
      action: 0,
      changes: JSON.stringify({ id: ['None', String(plan.id)], title: ['None', plan.title] }),
      timestamp: randomMoment(createRandom(`audit ${seed} ${plan.id}`)),
      actor_id: plan.ownerId,
      content_type_id: documentType,
      remote_addr: plan.id % 2 === 0 ? '2001:db8::1' : null,
      remote_port: plan.id % 2 === 0 ? 54_321 : null,
    });
  }
  writer.insertAll('documents_paperlesstask', tasks(writer.isThree, random, admin));
  writer.insertAll('django_admin_log', [
    {
      object_id: '1',
      object_repr: 'Eingang',
      action_flag: 2,
      change_message: '[{"changed": {"fields": ["Name"]}}]',
      user_id: admin,
      action_time: randomMoment(random),
    },
  ]);
  if (!writer.isThree) writeCeleryResults(writer, random);
}

function tasks(isThree: boolean, random: Random, owner_id: number): Row[] {
  const name = 'Überweisungsträger für Jürgen.pdf';
  return ['SUCCESS', 'FAILURE', 'SUCCESS'].map((status, index) => ({
    task_id: `${random.hex(8)}-0000-4000-8000-${random.hex(12)}`,
    date_created: randomMoment(random),
    date_done: randomMoment(random),
    owner_id,
    ...(isThree
      ? {
          task_type: 'consume_file',
          trigger_source: 'web_ui',
          status: status.toLowerCase(),
          input_data: JSON.stringify({ filename: name }),
          result_data: status === 'SUCCESS' ? JSON.stringify({ document_id: index + 1 }) : null,
          duration_seconds: random.integer(1, 90) / 7,
        }
      : {
          task_name: 'consume_file',
          task_file_name: name,
          status,
          result: 'x\ty\\\n',
          type: 'auto_task',
        }),
  }));
}

function writeCeleryResults(writer: RowWriter, random: Random): void {
  writer.insertAll('django_celery_results_taskresult', [
    {
      task_id: random.hex(32),
      status: 'SUCCESS',
      content_type: 'application/json',
      content_encoding: 'utf-8',
      result: '"ok"',
      task_name: 'documents.tasks.train_classifier',
    },
  ]);
}
