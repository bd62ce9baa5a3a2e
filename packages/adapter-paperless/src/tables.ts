// One rule per table that paperless-ngx or its libraries ever had; tables of other Django apps (PAPERLESS_APPS) get none,
// so core keeps and reports them. Tables that look like history and are state (workflow runs, processed mails) are essential.

import { createTableRules } from '@dms-backup/core/adapter-kit';
import facts from './data/tables.json' with { type: 'json' };
import { documentTable } from './document-rows.ts';

/** Member `tables` of the adapter. */
export const tables = createTableRules(facts, [documentTable]);
