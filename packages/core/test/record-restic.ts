// Records what restic keeps, for those who do not have it: `node packages/core/test/record-restic.ts > packages/core/test/restic-answers.json`.
// Takes a minute.

import fc from 'fast-check';
import { dateLists, rulesets } from './retention-arbitraries.ts';
import { askRestic } from './restic.ts';

const answers = askRestic(fc.sample(dateLists, 5), fc.sample(rulesets, 30));
process.stdout.write(`${JSON.stringify(answers)}\n`);
