import type { Compatibility, Stamp } from '@dms-backup/core';
import { describe, expect, test } from 'vitest';
import { compatibility } from './compatibility.ts';
import { generations, states, stateOf, type ReleaseState } from './migrations.ts';

function stampAt(state: ReleaseState, more: Partial<Stamp> = {}): Stamp {
  const label = state.generation === '3.3+' ? 'alembic' : 'core';
  return {
    appVersion: null,
    range: { from: state.from, to: state.to },
    foundBy: 'test',
    evidence: [],
    migrations: [`${label}.${state.migration}`, 'auth.0001_initial'].toSorted(),
    migrationState: 'complete',
    warnings: [],
    ...more,
  };
}

/** A stamp with an exact release. */
function stampOf(release: string, more: Partial<Stamp> = {}): Stamp {
  return stampAt(stateOf(release)!, { appVersion: release, ...more });
}

const strange: Stamp = {
  ...stampAt(states[0]!),
  range: null,
  migrations: ['alembic.ffffffffffff'],
  migrationState: 'unknown',
};

/** The rule, said again without the code: forwards inside a generation, never across. */
function wanted(from: ReleaseState, to: ReleaseState): Compatibility['verdict'] {
  const generation = generations.indexOf(from.generation) - generations.indexOf(to.generation);
  if (generation !== 0) return generation < 0 ? 'impossible' : 'too-new';
  const own = states.filter((state) => state.generation === from.generation);
  const order = own.indexOf(from) - own.indexOf(to);
  if (order === 0) return 'same';
  return order < 0 ? 'migrates' : 'too-new';
}

describe.each(states)('archive of $from - $to', (from) => {
  test.each(states)('into $from - $to', (to) => {
    const found = compatibility(stampAt(from), stampAt(to));
    expect(found.verdict).toBe(wanted(from, to));
    expect(found.explanation).not.toBe('');
    if (found.verdict !== 'same') expect(found.steps.length).toBeGreaterThan(0);
  });

  test('into nothing', () => {
    const found = compatibility(stampAt(from), null);
    expect(found.verdict).toBe('same');
    expect(found.steps.join()).toContain('papermerge:');
  });
});

describe('pairs of releases', () => {
  test.each<[string, string, Compatibility['verdict']]>([
    ['1.0.0', '2.0.1', 'migrates'],
    ['1.5.5', '2.0.1', 'migrates'],
    ['1.5.5', '2.0.0rc35', 'impossible'],
    ['2.0.1', '1.5.5', 'too-new'],
    ['2.0.1', '2.1.0', 'impossible'],
    ['1.5.5', '3.5.3', 'impossible'],
    ['2.1.9', '2.0.1', 'too-new'],
    ['2.1.1', '2.1.9', 'migrates'],
    ['2.1.5', '2.1.9', 'same'],
    ['2.1.9', '2.1.4', 'too-new'],
    ['2.1.9', '3.0.0', 'impossible'],
    ['3.0.0', '3.2.0', 'same'],
    ['3.2', '3.0.3', 'same'],
    ['3.2.0', '3.3.0', 'impossible'],
    ['3.3.1', '3.2.0', 'too-new'],
    ['3.3.1', '3.5.3', 'migrates'],
    ['3.4.1', '3.3.1', 'too-new'],
    ['3.5', '3.5.1', 'same'],
    ['3.5.3', '3.6.0a16', 'migrates'],
    ['3.6.0a16', '3.5.3', 'too-new'],
  ])('%s into %s: %s', (archive, target, verdict) => {
    expect(compatibility(stampOf(archive), stampOf(target)).verdict).toBe(verdict);
  });

  test('too new names the release and its image', () => {
    expect(compatibility(stampOf('2.1.9'), stampOf('2.1.4')).steps.join()).toContain(
      'papermerge/papermerge:2.1.9',
    );
  });

  test('impossible names the old image and the ways out', () => {
    const { steps } = compatibility(stampOf('3.2.0'), stampOf('3.5.3'));
    expect(steps[0]).toContain('papermerge/papermerge:3.2');
    expect(steps.join()).toContain('pmdump');
    expect(compatibility(stampOf('1.4.0'), stampOf('2.1.9')).steps.join()).toContain(
      'upgrade to 2.0.1 first',
    );
  });

  test.each([
    ['1.4.5', '2.0.1', '1.5.5 once first', true],
    ['1.5.5', '2.0.1', '1.5.5 once first', false],
    ['1.3.0', '1.5.5', '1.5.5 once first', false],
    ['2.1.1', '2.1.9', 'deletes metadata', true],
    ['2.1.2', '2.1.9', 'deletes metadata', false],
    ['3.4.1', '3.5.1', 'drops the old ones', true],
    ['3.5.1', '3.5.3', 'need PostgreSQL', true],
    ['3.3.1', '3.4.1', 'need PostgreSQL', false],
    ['3.5.3', '3.6.0a16', 'alpha', true],
  ])('%s into %s: warns that it %s: %s', (archive, target, words, isTold) => {
    const { verdict, steps } = compatibility(stampOf(archive), stampOf(target));
    expect(verdict).toBe('migrates');
    expect(steps.join().includes(words)).toBe(isTold);
  });
});

describe('what nobody knows', () => {
  test('an unknown side', () => {
    const known = stampOf('3.5.3');
    expect(compatibility(strange, known).verdict).toBe('unknown');
    expect(compatibility(known, strange).verdict).toBe('unknown');
    expect(compatibility(strange, null).verdict).toBe('unknown');
    expect(compatibility(strange, strange).verdict).toBe('same');
  });

  test('a mixed database comes back as it is, and fits nothing else', () => {
    const mixed = stampOf('3.2.0', {
      migrations: ['alembic.f0e0da122a9a', 'core.0001_initial'],
      migrationState: 'interrupted',
    });
    expect(compatibility(mixed, mixed)).toMatchObject({ verdict: 'same' });
    expect(compatibility(mixed, mixed).steps.join()).toContain('exactly like that');
    expect(compatibility(mixed, null).steps.join()).toContain('exactly like that');
    expect(compatibility(mixed, stampOf('3.2.0')).verdict).toBe('unknown');
    expect(compatibility(stampOf('3.2.0'), mixed).verdict).toBe('unknown');
    expect(compatibility(mixed, stampOf('3.3.0')).verdict).toBe('impossible');
  });

  test('one name in three histories is not the same state', () => {
    const names = { migrations: ['core.0001_initial'] };
    expect(compatibility(stampOf('3.2.0', names), stampOf('2.1.0', names)).verdict).toBe('too-new');
  });

  test('a name that an image made for itself changes nothing', () => {
    const made = stampOf('2.0.1', {
      migrations: ['core.0039_auto_20210216_1014', 'core.0040_alter_tag_slug'],
    });
    expect(compatibility(made, stampOf('2.0.1')).verdict).toBe('same');
    expect(compatibility(stampOf('2.0.1'), made).verdict).toBe('same');
  });

  test('no migrations at all: the stated releases decide', () => {
    const bare = { range: null, migrations: [], migrationState: 'unknown' as const };
    expect(compatibility(stampOf('3.5.3', bare), stampOf('3.5.3', bare)).verdict).toBe('same');
    expect(compatibility(stampOf('3.5.3', bare), stampOf('3.4', bare)).verdict).toBe('unknown');
  });
});
