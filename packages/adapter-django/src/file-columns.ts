// Which columns hold names of files. Django keeps that knowledge in models, which a database does not show, so it is told by
// flags or by the project. It travels in the settings of the instance, because adapters keep no state.

import type { Instance } from '@dms-backup/core';

export interface FileColumn {
  readonly table: string;
  readonly column: string;
  /** Name of the root, and the folder in it that names count from (`''` or ending with `/`). */
  readonly root: string;
  readonly folder: string;
  /** Column whose value says which document a row belongs to; null: each row is a document of its own. */
  readonly document: string | null;
  readonly title: string | null;
  /** The user named it: then it must exist. The project may know columns that are not migrated yet. */
  readonly isGiven: boolean;
}

type Setting = Instance['settings'][number];

const prefix = 'file-column ';

export function columnName({ table, column }: Pick<FileColumn, 'table' | 'column'>): string {
  return `${table}.${column}`;
}

export function toSetting(column: FileColumn, source: string): Setting {
  const { root, folder, document, title, isGiven } = column;
  // shown by `doctor`, so only what says something
  const facts = {
    root,
    ...(folder === '' ? {} : { folder }),
    ...(document === null ? {} : { document }),
    ...(title === null ? {} : { title }),
    ...(isGiven ? { isGiven } : {}),
  };
  return { name: `${prefix}${columnName(column)}`, value: JSON.stringify(facts), source };
}

export function hasFileColumns(instance: Instance): boolean {
  return instance.settings.some(({ name }) => name.startsWith(prefix));
}

/** The columns of an instance, in the order of tables that the catalogue has. */
export function fileColumnsOf(instance: Instance): FileColumn[] {
  const found = instance.settings
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, value }) => ({
      root: 'media',
      folder: '',
      document: null,
      title: null,
      isGiven: false,
      ...(JSON.parse(value) as Partial<FileColumn>),
      ...splitName(name.slice(prefix.length)),
    }));
  // by `table/`, as the ids of documents begin
  return found.toSorted((left, right) => compare(`${left.table}/`, `${right.table}/`));
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** At the last dot: names of tables may have dots, names of columns that Django makes have none. */
export function splitName(name: string): { table: string; column: string } {
  const dot = name.lastIndexOf('.');
  return { table: name.slice(0, dot), column: name.slice(dot + 1) };
}
