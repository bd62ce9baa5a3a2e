// The adapter object: facts about NextGIS Web and one function per member of the contract.

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
  name: 'nextgisweb',
  title: 'NextGIS Web',
  aliases: ['ngw', 'nextgis', 'nextgis-web'],
  engines: ['postgres'],
  supportedVersions: '3.5.1 - 5.5.0',
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
