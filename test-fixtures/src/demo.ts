// The README's first command: `node test-fixtures/src/demo.ts [--keep]`, after a build. Shows a backup and a restore of a
// sample instance and proves that both are equal. Exit code 1 when anything differs.

import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { runDemo } from './demo/run-demo.ts';

const { values } = parseArgs({
  options: { keep: { type: 'boolean' }, documents: { type: 'string' } },
});

process.exitCode = runDemo({
  cliPath: join(import.meta.dirname, '../../apps/cli/dist/main.js'),
  documents: Number(values.documents ?? 200),
  keep: values.keep ?? false,
  print: (line) => console.log(line),
});
