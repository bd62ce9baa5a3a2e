// Rules for the tables of Django, of well-known packages, and of the apps that the database itself names as its own. All
// others get no rule, so core keeps and reports them.

import { qualifiedName, type DatabaseSchema, type Stamp, type TableRule } from '@dms-backup/core';
import facts from './data/tables.json' with { type: 'json' };

type Table = DatabaseSchema['tables'][number];

const known: Readonly<Record<string, string>> = facts.classes;
const secrets: Readonly<Record<string, readonly string[]>> = facts.secretColumns;

/** Member `tables` of the adapter: by qualified names, only for tables of the schema that Django works in. */
export function tables(schema: DatabaseSchema, stamp: Stamp): TableRule[] {
  const home = homeOf(schema);
  // Migration `archive.0001_initial`: tables of the app begin with its label (Options.contribute_to_class, db_table).
  const apps = [...new Set(stamp.migrations.map((name) => `${name.slice(0, name.indexOf('.'))}_`))];
  return schema.tables
    .filter((table) => table.schema === home && table.extension === undefined)
    .flatMap((table) => {
      const rule = ruleOf(table, apps);
      return rule === null ? [] : [rule];
    });
}

function ruleOf(table: Table, apps: readonly string[]): TableRule | null {
  const stated = Object.hasOwn(known, table.name) ? known[table.name] : undefined;
  const name = qualifiedName(table);
  const secretColumns = secretColumnsOf(table);
  const shown = secretColumns.length === 0 ? {} : { secretColumns };
  if (stated === 'session' && isSessionTable(table)) {
    const reason = 'sessions: users log in again';
    return { table: name, class: 'ephemeral', keepRows: false, reason, ...shown };
  }
  if (stated === 'history') return { table: name, class: 'history', keepRows: true, ...shown };
  const isOfApp = apps.some((app) => table.name.toLowerCase().startsWith(app.toLowerCase()));
  if (stated === undefined && !isOfApp && secretColumns.length === 0) return null;
  return { table: name, class: 'essential', keepRows: true, ...shown };
}

/** A table of this name that holds something else is not left out. */
function isSessionTable(table: Table): boolean {
  const columns = new Set(table.columns.map(({ name }) => name));
  return ['session_key', 'session_data', 'expire_date'].every((name) => columns.has(name));
}

/** By name, and the user models of projects, which all inherit these columns from AbstractBaseUser. */
function secretColumnsOf(table: Table): string[] {
  const columns = table.columns.map(({ name }) => name);
  const named = Object.hasOwn(secrets, table.name) ? (secrets[table.name] ?? []) : [];
  const isUser = columns.includes('password') && columns.includes('last_login');
  return columns.filter((name) => named.includes(name) || (isUser && name === 'password'));
}

/** PostgreSQL: the schema of Django's own table. SQLite and MariaDB have no schemas. */
function homeOf(schema: DatabaseSchema): string | undefined {
  if (schema.tables.every((table) => table.schema === undefined)) return undefined;
  const homes = schema.tables
    .filter(({ name }) => name === 'django_migrations')
    .map((table) => table.schema);
  return homes.length === 1 ? homes[0] : 'public';
}
