import { describe, expect, test } from 'vitest';
import facts from './data/migrations.json' with { type: 'json' };
import {
  generations,
  matchMigrations,
  newestRelease,
  stateOf,
  states,
  type Generation,
} from './migrations.ts';

const chains: Readonly<Record<string, readonly string[]>> = facts.chains;

/** All rows that a database has whose newest migration is this one. */
function appliedUntil(generation: Generation, migration: string): string[] {
  if (generation === '3.3+') return [`alembic.${migration}`];
  const chain = chains[generation]!;
  return chain.slice(0, chain.indexOf(migration) + 1).map((name) => `core.${name}`);
}

describe.each(states)('$generation $migration', ({ generation, migration, releases }) => {
  const state = states.find(
    (each) => each.generation === generation && each.migration === migration,
  )!;

  test('whole history', () => {
    expect(matchMigrations(generation, appliedUntil(generation, migration))).toEqual({
      state,
      progress: 'complete',
      made: [],
      unknown: [],
      foreign: [],
      withdrawn: [],
      says: expect.stringContaining(state.from),
    });
  });

  test('the newest name alone, and among those of libraries', () => {
    const label = generation === '3.3+' ? 'alembic' : 'core';
    const names = ['auth.0012_alter', 'admin.0001_initial', `${label}.${migration}`];
    expect(matchMigrations(generation, names).state).toBe(state);
  });

  test.each(releases)('%s belongs to it', (release) => {
    expect(stateOf(release)).toBe(state);
  });
});

test('every generation has states, and the newest release is the last of them', () => {
  expect(new Set(states.map(({ generation }) => generation))).toEqual(new Set(generations));
  expect(newestRelease).toBe('3.6.0a16');
  for (const { generation, migration } of states) {
    expect(chains[generation]).toContain(migration);
  }
});

test('releases in other words, and unknown ones', () => {
  expect(stateOf('3.2')).toBe(stateOf('3.2.0'));
  expect(stateOf('3.5.0')).toBe(stateOf('3.5'));
  expect(stateOf('2.0.0rc40')).toBe(stateOf('2.0.1'));
  for (const release of ['0.9.0', '3.5.4', '3.6.0', '4.0', '', 'latest'])
    expect(stateOf(release), release).toBeUndefined();
});

test('an upgrade that stopped between two releases', () => {
  const finding = matchMigrations('1.x-2.0', appliedUntil('1.x-2.0', '0036_auto_20210117_1449'));
  expect(finding.progress).toBe('interrupted');
  expect(finding.state?.to).toBe('1.5.5');
  expect(finding.says).toContain('0036_auto_20210117_1449');
  expect(matchMigrations('1.x-2.0', ['core.0001_initial'])).toMatchObject({
    state: null,
    progress: 'interrupted',
  });
});

test('names that images make for themselves are no error', () => {
  const names = [
    ...appliedUntil('1.x-2.0', '0034_auto_20201201_1116'),
    'core.0035_auto_20260101_1200',
    'core.0036_alter_tag_slug',
  ];
  expect(matchMigrations('1.x-2.0', names)).toMatchObject({
    state: { to: '1.5.5' },
    progress: 'complete',
    made: ['0035_auto_20260101_1200', '0036_alter_tag_slug'],
    unknown: [],
  });
});

test('development images of 3.3 left names on 3.0 that no release has', () => {
  const names = ['core.0001_initial', 'core.0002_customfield_customfieldvalue'];
  expect(matchMigrations('3.0-3.2', names)).toMatchObject({
    state: { from: '3.0.0', to: '3.2.0' },
    progress: 'unknown',
    unknown: ['0002_customfield_customfieldvalue'],
  });
});

test('names of another generation, and of 2.0.0rc35', () => {
  const names = [
    ...appliedUntil('1.x-2.0', '0039_auto_20210216_1014'),
    'core.0002_auto_20220619_0847',
    'core.0026_remove_document_digest',
  ];
  expect(matchMigrations('1.x-2.0', names)).toMatchObject({
    foreign: ['0002_auto_20220619_0847'],
    withdrawn: ['0026_remove_document_digest'],
    unknown: [],
  });
});

test('unknown or no revisions', () => {
  expect(matchMigrations('3.3+', ['alembic.ffffffffffff'])).toMatchObject({
    state: null,
    progress: 'unknown',
    unknown: ['ffffffffffff'],
    says: expect.stringContaining('ffffffffffff'),
  });
  for (const generation of generations) {
    expect(matchMigrations(generation, ['auth.0001_initial'])).toMatchObject({
      state: null,
      progress: 'unknown',
    });
  }
});
