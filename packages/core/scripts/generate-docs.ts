// Generates the pages of docs/ that repeat what the code says: docs/errors.md from the table of errors, docs/schemas/ from the
// zod schemas. `pnpm --filter @dms-backup/core run docs` writes them; src/docs.test.ts keeps them equal. The text is laid
// out as oxfmt would, so that formatting changes nothing.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CatalogueDocumentSchema } from '../src/adapter-schema.ts';
import { ArchivedSchemaSchema } from '../src/archive/database-part.ts';
import {
  ExceptionSchema,
  IndexEntrySchema,
  ManifestSchema,
  SealSchema,
} from '../src/archive/schema.ts';
import { errorTable, exitCodes } from '../src/errors.ts';

/** The folder docs/ of the project. */
export const docsDirectory = join(import.meta.dirname, '../../../docs');

/** File name below schemas/: what it describes, and the schema. */
const schemas: Readonly<Record<string, readonly [title: string, schema: z.ZodType]>> = {
  'manifest.schema.json': ['manifest.json of archive format 1', ManifestSchema],
  'index-entry.schema.json': ['a line of index.jsonl of archive format 1', IndexEntrySchema],
  'seal.schema.json': ['seal.json of archive format 1', SealSchema],
  'database-schema.schema.json': ['database/schema.json of archive format 1', ArchivedSchemaSchema],
  'catalogue-document.schema.json': [
    'a line of catalogue/documents.jsonl of archive format 1',
    CatalogueDocumentSchema,
  ],
  'exception.schema.json': [
    'a line of catalogue/exceptions.jsonl of archive format 1',
    ExceptionSchema,
  ],
};

/** All generated files: path below docs/ and text. */
export function generateDocs(): Map<string, string> {
  const files = new Map([['errors.md', errorsPage()]]);
  for (const [name, [title, schema]] of Object.entries(schemas)) {
    // as readers see it: unknown fields are ignored unless the schema is strict
    const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    files.set(`schemas/${name}`, `${layOut({ $schema, title, ...rest })}\n`);
  }
  return files;
}

function errorsPage(): string {
  const meanings = Object.entries(exitCodes);
  const sections = meanings.flatMap(([exitCode, meaning]) => {
    const errors = Object.entries(errorTable)
      .filter(([, facts]) => String(facts.exitCode) === exitCode)
      .map(([code, { when, hint, leaves }]) => errorSection(code, when, hint, leaves));
    return errors.length === 0 ? [] : [`## Exit code ${exitCode}: ${meaning}\n`, ...errors];
  });
  return `# Errors and exit codes

Generated from \`packages/core/src/errors.ts\`: do not edit.

With \`--json\` the last line on stdout is
\`{"type":"error","code":...,"exitCode":...,"message":...,"hint":...,"context":...}\`.
A script may rely on \`code\` and \`exitCode\`; messages may change. The hint below is the usual one; the place that throws
may know a better one. An exit code that is not in this table is a failure.

${table(['exit code', 'meaning'], meanings)}

${sections.join('\n')}`;
}

function errorSection(code: string, when: string, hint: string, leaves: string): string {
  return `### \`${code}\`

- When: ${when}
- What to do: ${hint}
- Left on disk: ${leaves}
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const lineWidth = 100;

/** JSON with an indent of two; lists of plain values on one line where they fit. */
function layOut(value: unknown, indent = '', before = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const deeper = `${indent}  `;
  const items = Object.entries(value).filter(([, item]) => item !== undefined);
  if (items.length === 0) return isList ? '[]' : '{}';
  if (isList && value.every((item) => typeof item !== 'object')) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    // one column is for the comma that may follow
    if (indent.length + before + line.length < lineWidth) return line;
  }
  const lines = items.map(([key, item]) => {
    const name = isList ? '' : `${JSON.stringify(key)}: `;
    return `${deeper}${name}${layOut(item, deeper, name.length)}`;
  });
  const [open, close] = isList ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

if (import.meta.main) {
  for (const [name, text] of generateDocs()) {
    const path = join(docsDirectory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
