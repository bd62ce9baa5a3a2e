// The adapter object: facts about Papermerge and one function per member of the contract.

import { defineAdapter } from '@dms-backup/core';
import { compatibility } from './compatibility.ts';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';
import { documents } from './documents.ts';
import { externals } from './externals.ts';
import { classify } from './media.ts';
import { restoreNotes } from './notes.ts';
import { references } from './references.ts';
import { inspectRows } from './row-findings.ts';
import { tables } from './tables.ts';
import { stamp } from './version.ts';

export const adapter = defineAdapter({
  contractVersion: 1,
  name: 'papermerge',
  title: 'Papermerge',
  aliases: ['papermerge-core', 'papermerge-dms', 'papermerge-ngx', 'papermergedms'],
  engines: ['sqlite', 'postgres', 'mariadb'],
  supportedVersions: '1.0 - 3.6.0a16',
  configure,
  databasePassword,
  stamp,
  tables,
  classify,
  references,
  documents,
  inspectRows,
  externals,
  compatibility,
  restoreNotes,
});
