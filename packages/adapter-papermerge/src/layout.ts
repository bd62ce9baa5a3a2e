// Which of the product's layouts a database has, by the shape of its tables and never by a number: integer ids (1.x - 2.0),
// UUIDs of Django (2.1, and 3.0 - 3.2 with another media tree), the tables of SQLAlchemy (3.3 and later). A wrong image on an
// old database leaves tables of two generations behind; then the one with the living data counts.

import type { DatabaseReader } from '@dms-backup/core';
import type { Generation } from './migrations.ts';

export interface Layout {
  /** Null: the tables of Papermerge are not here. */
  readonly generation: Generation | null;
  /** For people: what is wrong with the mixture, one sentence each. Empty for a database of one generation. */
  readonly faults: readonly string[];
  /** What is odd and does no harm. */
  readonly remarks: readonly string[];
}

/** Reads at most a few rows. */
export async function readLayout(database: DatabaseReader): Promise<Layout> {
  const hasNodes = database.has('nodes', 'id', 'title') && database.has('documents', 'node_id');
  const django = djangoGeneration(database);
  const revisions = await readRevisions(database);
  if (!hasNodes && revisions === null) {
    return { generation: django, faults: typeFaults(database, django), remarks: [] };
  }
  const faults = [
    ...(hasNodes
      ? []
      : ['alembic_version is there, but nodes is not: the first start of 3.3 or later failed']),
    ...(revisions === null || revisions.length === 1
      ? []
      : [
          revisions.length === 0
            ? 'alembic_version is empty: the migrations of 3.3 or later did not finish'
            : `alembic_version has ${revisions.length} rows instead of one`,
        ]),
  ];
  const remarks = revisions === null ? ['alembic_version is missing'] : [];
  if (django === null) return { generation: hasNodes ? '3.3+' : null, faults, remarks };
  const isLiving = hasNodes && (await hasRows(database, 'users'));
  return {
    generation: isLiving ? '3.3+' : django,
    faults: [
      ...faults,
      `tables of ${django} and of 3.3 or later are in one database: a newer image was started on it, and there is no way from 3.2 to 3.3; ${
        isLiving
          ? 'the tables of 3.3 have users and count, those of before are left over'
          : 'the tables of 3.3 have no user, those of before count'
      }`,
    ],
    remarks,
  };
}

/** Without `core_documentversion` 1.x - 2.0; with it 2.1 has tokens and preferences, 3.0 - 3.2 has not. */
function djangoGeneration(database: DatabaseReader): Generation | null {
  if (!database.has('core_basetreenode', 'id', 'title')) return null;
  if (!database.has('core_documentversion')) return '1.x-2.0';
  return database.has('knox_authtoken') ||
    database.has('dynamic_preferences_users_userpreferencemodel')
    ? '2.1'
    : '3.0-3.2';
}

/** A start of 2.1 on a database of 2.0 stops half-way: the ids of the old tables stay integers. */
function typeFaults(database: DatabaseReader, generation: Generation | null): string[] {
  if (generation === null) return [];
  const expected = generation === '1.x-2.0' ? 'integers' : 'UUIDs';
  return ['core_user', 'core_basetreenode'].flatMap((table) => {
    const found = idKind(database, table);
    return found === null || found === expected
      ? []
      : [
          `${table}.id has ${found} and not ${expected}: an image of 2.1 was started on a database of 2.0 and stopped half-way`,
        ];
  });
}

function idKind(database: DatabaseReader, table: string): 'integers' | 'UUIDs' | null {
  const columns = database.schema.tables.find(({ name }) => name === table)?.columns;
  const type = columns?.find(({ name }) => name === 'id')?.declaredType.toLowerCase() ?? '';
  if (/int|serial/.test(type)) return 'integers';
  return /uuid|char/.test(type) ? 'UUIDs' : null;
}

/** Null when there is no such table. */
async function readRevisions(database: DatabaseReader): Promise<string[] | null> {
  if (!database.has('alembic_version', 'version_num')) return null;
  const found: string[] = [];
  const sql = 'SELECT "version_num" FROM "alembic_version" ORDER BY "version_num"';
  for await (const row of database.query(sql)) found.push(String(row['version_num']));
  return found;
}

async function hasRows(database: DatabaseReader, table: string): Promise<boolean> {
  if (!database.has(table)) return false;
  let rows = 0;
  for await (const _ of database.query(`SELECT 1 AS "one" FROM "${table}" LIMIT 1`)) rows += 1;
  return rows > 0;
}

/** `alembic.<revision>` of every row, sorted; empty when the table is missing. */
export async function readAlembicRevisions(database: DatabaseReader): Promise<string[]> {
  return ((await readRevisions(database)) ?? []).map((revision) => `alembic.${revision}`);
}
