// The adapter object: what is true for every Django project, and one function per member of the contract.

import { defineAdapter } from '@dms-backup/core';
import { compatibility } from './compatibility.ts';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';
import { documents } from './documents.ts';
import { externals } from './externals.ts';
import { classify } from './media.ts';
import { restoreNotes } from './notes.ts';
import { options } from './options.ts';
import { references } from './references.ts';
import { tables } from './tables.ts';
import { stamp } from './version.ts';

export const adapter = defineAdapter({
  contractVersion: 1,
  name: 'django',
  title: 'Django project',
  aliases: [],
  engines: ['sqlite', 'postgres', 'mariadb'],
  supportedVersions: 'any project; Django 3.2 - 5.2 with --manage',
  options,
  configure,
  databasePassword,
  stamp,
  tables,
  classify,
  references,
  documents,
  externals,
  compatibility,
  restoreNotes,
});
