// Checks of the adapter object itself, and of `configure` where there is nothing to find.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractVersion, type Adapter } from '../adapter.ts';
import { InstanceSchema } from '../adapter-schema.ts';
import { assertShape, deepFreeze } from './shape.ts';

const namePattern = /^[a-z][a-z0-9-]*$/;
const engineNames = ['sqlite', 'postgres', 'mariadb'];
const members = [
  'configure',
  'stamp',
  'tables',
  'classify',
  'references',
  'documents',
  'compatibility',
] as const;
const optionalMembers = [
  'quiesce',
  'inspectRows',
  'restoreNotes',
  'databasePassword',
  'externals',
] as const;

export function checkMembers(adapter: Adapter): void {
  assert.equal(
    adapter.contractVersion,
    contractVersion,
    `\`contractVersion\` must be ${contractVersion}`,
  );
  assert.match(
    adapter.name,
    namePattern,
    '`name` must be lower-case letters, digits and dashes: it is typed after --app',
  );
  assert.notEqual(adapter.title.trim(), '', '`title` must not be empty');
  assert.notEqual(
    adapter.supportedVersions.trim(),
    '',
    '`supportedVersions` must say which versions are known',
  );
  for (const alias of adapter.aliases) {
    assert.match(
      alias,
      namePattern,
      `alias '${alias}' must be lower-case letters, digits and dashes`,
    );
    assert.notEqual(alias, adapter.name, '`aliases` must not repeat `name`');
  }
  assert.notEqual(adapter.engines.length, 0, '`engines` must name at least one database engine');
  for (const engine of adapter.engines) {
    assert.ok(
      engineNames.includes(engine),
      `engine '${engine}' is none of ${engineNames.join(', ')}`,
    );
  }
  for (const member of members) {
    assert.equal(typeof adapter[member], 'function', `member \`${member}\` is missing`);
  }
  for (const member of optionalMembers) {
    assert.ok(
      adapter[member] === undefined || typeof adapter[member] === 'function',
      `optional member \`${member}\` must be a function or absent`,
    );
  }
}

/** Nothing given, nothing in the environment, an empty folder: then nothing is found, and that is no error. */
export async function checkEmptyPlace(adapter: Adapter): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'dms-backup-contract-'));
  try {
    const instance = await adapter.configure(
      deepFreeze({ given: { configFiles: [] }, environment: {}, workingDirectory: directory }),
    );
    assertShape(InstanceSchema, instance, 'configure');
    const invented = [
      ...instance.roots.map((root) => root.directory),
      ...(instance.database?.value.engine === 'sqlite' ? [instance.database.value.path] : []),
    ].filter((path) => path === directory || path.startsWith(`${directory}/`));
    assert.deepEqual(
      invented,
      [],
      '`configure` invents places in an empty folder: leave out what cannot be found, core says what is missing',
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
