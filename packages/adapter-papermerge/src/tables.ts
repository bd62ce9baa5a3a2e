// The class of every table of the product and of the libraries it brings. Tables without a rule (other programs, later
// releases) are kept by core and reported as unknown.

import { createTableRules } from '@dms-backup/core/adapter-kit';
import facts from './data/tables.json' with { type: 'json' };

/** `core_basetreenode` until 3.2, `document_versions` from 3.3 on. */
const ownTables = ['core_basetreenode', 'document_versions'];

/** Member `tables` of the adapter. */
export const tables = createTableRules(facts, ownTables);
