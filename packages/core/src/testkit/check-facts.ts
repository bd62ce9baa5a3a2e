// Checks of what an adapter knows about an installation: where it is, its version, its tables and its paths.

import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import {
  ContentClassSchema,
  InstanceSchema,
  StampSchema,
  TableRuleSchema,
} from '../adapter-schema.ts';
import { qualifiedName } from '../database/schema.ts';
import { strangers, type Gathered } from './gather.ts';
import { assertShape } from './shape.ts';

export function checkInstance({ instance, sample }: Gathered): void {
  assertShape(InstanceSchema, instance, 'configure');
  const { database, media, appVersion } = sample.given;
  if (database !== undefined) {
    assert.deepEqual(
      instance.database?.value,
      database.engine === 'sqlite'
        ? { ...database, path: resolve(sample.directory, database.path) }
        : database,
      '`configure` must take the database that was given by flag, unchanged',
    );
  }
  if (media !== undefined) {
    const directories = instance.roots.map(({ directory }) => directory);
    assert.ok(
      directories.includes(resolve(sample.directory, media)),
      '`configure` must use the media directory that was given by flag as a root',
    );
  }
  if (appVersion !== undefined) {
    assert.equal(
      instance.appVersion?.value,
      appVersion,
      '`configure` must pass on the stated version',
    );
  }
  assert.ok(instance.roots.length > 0, '`configure` finds no root: every product has files');
  const names = instance.roots.map(({ name }) => name);
  assert.equal(
    new Set(names).size,
    names.length,
    'two roots have the same name: they share a folder in the archive',
  );
  for (const { name, directory, source } of instance.roots) {
    assert.equal(
      resolve(directory),
      directory,
      `root '${name}' must have an absolute, normalised directory`,
    );
    assert.notEqual(source, '', `root '${name}' must say where its directory comes from`);
  }
}

export function checkStamp({ stamp, sample }: Gathered): void {
  assertShape(StampSchema, stamp, 'stamp');
  assert.notEqual(
    stamp.foundBy,
    '',
    '`stamp` must say how the version was found, or that it was not',
  );
  assert.deepEqual(
    stamp.migrations,
    stamp.migrations.toSorted(),
    '`stamp` must sort its migrations (toSorted without arguments)',
  );
  assert.equal(
    new Set(stamp.migrations).size,
    stamp.migrations.length,
    '`stamp` names a migration twice',
  );
  if (stamp.appVersion !== null) {
    assert.ok(stamp.evidence.length > 0, '`stamp` states a version without any evidence');
  }
  if (sample.appVersion !== undefined) {
    assert.equal(
      stamp.appVersion,
      sample.appVersion,
      '`stamp` finds another version than the sample has',
    );
  }
}

export function checkTables({ rules, schema }: Gathered): void {
  const tables = new Map(
    schema.tables.flatMap((table) => [
      [qualifiedName(table), table],
      ...(table.schema === 'public' ? [[table.name, table] as const] : []),
    ]),
  );
  const seen = new Set<string>();
  for (const rule of rules) {
    assertShape(TableRuleSchema, rule, 'tables');
    assert.ok(!seen.has(rule.table), `\`tables\` has two rules for '${rule.table}'`);
    seen.add(rule.table);
    if (!rule.keepRows) {
      assert.ok(
        rule.class === 'ephemeral' || rule.class === 'derived',
        `rule for '${rule.table}' leaves out rows of class '${rule.class}': only ephemeral and derived rows may be left out by default`,
      );
      assert.ok(
        (rule.reason ?? '') !== '',
        `rule for '${rule.table}' leaves out rows and must give the reason`,
      );
    }
    const columns = tables.get(rule.table)?.columns.map(({ name }) => name);
    for (const column of columns === undefined ? [] : (rule.secretColumns ?? [])) {
      assert.ok(
        columns?.includes(column),
        `rule for '${rule.table}' names the secret column '${column}', which it does not have`,
      );
    }
  }
  assert.ok(
    schema.tables.length === 0 || schema.tables.some((table) => seen.has(qualifiedName(table))),
    '`tables` knows no table of this schema: use the names that `qualifiedName` gives',
  );
}

export function checkPaths({ paths, instance }: Gathered): void {
  for (const { root, path, rule } of paths) {
    const where = `\`classify\` of '${path}' in root '${root}'`;
    assert.ok(
      ContentClassSchema.safeParse(rule.class).success,
      `${where} gives the unknown class '${rule.class}'`,
    );
    assert.equal(typeof rule.keep, 'boolean', `${where} must say whether the path is kept`);
    if (rule.keep) continue;
    assert.ok(
      rule.class === 'derived' || rule.class === 'ephemeral',
      `${where} leaves out class '${rule.class}': only derived and ephemeral paths may be left out`,
    );
    assert.ok((rule.reason ?? '') !== '', `${where} leaves the path out and must give the reason`);
    const covers = rule.declareAs ?? path;
    assert.ok(
      covers === path || (covers.endsWith('/') && path.startsWith(covers)),
      `${where} declares '${covers}', which does not cover the path`,
    );
  }
  for (const { name } of instance.roots) {
    for (const stranger of strangers) {
      const found = paths.find(({ root, path }) => root === name && path === stranger);
      assert.equal(
        found?.rule.keep,
        true,
        `\`classify\` leaves out '${stranger}' in root '${name}': keep what you do not know`,
      );
    }
  }
  checkDroppedFolders(paths);
}

/** Core does not enter a directory that is not kept, so a rule that keeps something inside would have no effect. */
function checkDroppedFolders(paths: Gathered['paths']): void {
  const dropped = paths.filter(({ path, rule }) => path.endsWith('/') && !rule.keep);
  for (const { root, path } of dropped) {
    const inside = paths.find(
      (item) =>
        item.root === root && item.path !== path && item.path.startsWith(path) && item.rule.keep,
    );
    assert.equal(
      inside,
      undefined,
      `\`classify\` leaves out the directory '${path}' and keeps '${inside?.path}' inside: it would be lost without a word`,
    );
  }
}
