// The adapter object: facts about paperless-ngx and one function per member of the contract.

import { defineAdapter } from '@dms-backup/core';
import { compatibility } from './compatibility.ts';
import { configure } from './configuration.ts';
import { databasePassword } from './configuration-password.ts';
import { documents } from './documents.ts';
import { classify } from './media.ts';
import { restoreNotes } from './notes.ts';
import { quiesce } from './quiesce.ts';
import { references } from './references.ts';
import { inspectRows } from './row-findings.ts';
import { tables } from './tables.ts';
import { stamp } from './version.ts';

export const adapter = defineAdapter({
  contractVersion: 1,
  name: 'paperless',
  title: 'paperless-ngx',
  aliases: ['paperless-ngx', 'paperlessngx'],
  engines: ['sqlite', 'postgres', 'mariadb'],
  supportedVersions: '1.7.0 - 3.0.5',
  configure,
  databasePassword,
  stamp,
  tables,
  classify,
  references,
  documents,
  inspectRows,
  quiesce,
  compatibility,
  restoreNotes,
});
