// Checks of the decisions: may an archive be restored here, and what has to be done afterwards.

import assert from 'node:assert/strict';
import type { Adapter, Compatibility, Stamp } from '../adapter.ts';
import { CompatibilitySchema, RestoreNotesSchema } from '../adapter-schema.ts';
import type { Gathered } from './gather.ts';
import { assertShape, pathProblem } from './shape.ts';

function assertVerdict(verdict: Compatibility, what: string): void {
  assertShape(CompatibilitySchema, verdict, 'compatibility');
  assert.notEqual(verdict.explanation, '', `\`compatibility\` must explain its verdict (${what})`);
}

export function checkCompatibility(adapter: Adapter, { stamp, compatibility }: Gathered): void {
  const { withItself, withNothing } = compatibility;
  assertVerdict(withItself, 'an archive and the installation it came from');
  assert.equal(
    withItself.verdict,
    'same',
    '`compatibility` must say `same` for an archive and the installation it came from',
  );
  assertVerdict(withNothing, 'an archive and an empty place');
  assert.ok(
    !['too-new', 'impossible'].includes(withNothing.verdict),
    `\`compatibility\` says '${withNothing.verdict}' for an empty place: nothing there can be too old`,
  );
  const stranger = unknownStamp(stamp);
  for (const [archive, target, what] of [
    [stranger, stamp, 'an archive of an unknown version'],
    [stamp, stranger, 'a target of an unknown version'],
  ] as const) {
    const verdict = adapter.compatibility(archive, target);
    assertVerdict(verdict, what);
    assert.ok(
      !['same', 'migrates'].includes(verdict.verdict),
      `\`compatibility\` says '${verdict.verdict}' for ${what}: what nobody knows must not be called safe`,
    );
  }
}

/** A version that no release has: other migrations and nothing that names it. */
function unknownStamp(stamp: Stamp): Stamp {
  return {
    ...stamp,
    appVersion: null,
    range: null,
    migrations: [
      ...stamp.migrations.map((name) => `${name}_x`),
      'contract.never_existed',
    ].toSorted(),
    migrationState: 'unknown',
  };
}

/** An upgrade goes one way: what migrates forwards must not be restorable backwards. */
export function checkDirection(adapter: Adapter, stamps: readonly Stamp[]): void {
  for (const archive of stamps) {
    for (const target of stamps) {
      const forwards = adapter.compatibility(archive, target);
      assertVerdict(forwards, 'two samples');
      if (forwards.verdict !== 'migrates') continue;
      const backwards = adapter.compatibility(target, archive).verdict;
      assert.ok(
        !['same', 'migrates'].includes(backwards),
        `\`compatibility\` lets an archive of ${String(target.appVersion)} be restored into ${String(archive.appVersion)} ('${backwards}'), although the way there is a migration`,
      );
    }
  }
}

export function checkNotes({ notes, instance }: Gathered): void {
  if (notes === null) return;
  assertShape(RestoreNotesSchema, notes, 'restoreNotes');
  const roots = instance.roots.map(({ name }) => name);
  for (const { root, path } of notes.createDirectories) {
    assert.ok(
      roots.includes(root),
      `\`restoreNotes\` wants a directory in root '${root}', which this installation does not have`,
    );
    assert.equal(
      pathProblem(path),
      null,
      `\`restoreNotes\` wants the directory '${path}': ${pathProblem(path)}`,
    );
  }
}
