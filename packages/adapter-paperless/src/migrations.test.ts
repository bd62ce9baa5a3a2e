import { describe, expect, test } from 'vitest';
import { rangeText } from '@dms-backup/core/adapter-kit';
import { generationOf, generations, matchMigrations } from './migrations.ts';
import { isWithin } from './release.ts';
import facts from './data/migrations.json' with { type: 'json' };

/** The table of the fact sheet, section 1: newest `documents` migration and the range it must give. */
const factSheet: readonly (readonly [string, string])[] = [
  ['1018', '1.7.0 - 1.7.2'],
  ['1022', '1.8.0'],
  ['1025', '1.9.0 - 1.9.2'],
  ['1027', '1.10.0 - 1.10.2'],
  ['1028', '1.11.0 - 1.11.3'],
  ['1029', '1.12.0 - 1.12.2'],
  ['1030', '1.13.0'],
  ['1035', '1.14.0 - 1.14.4'],
  ['1036', '1.14.5 - 1.16.5'],
  ['1037', '1.17.0 - 1.17.4'],
  ['1040', '2.0.0'],
  ['1041', '2.0.1'],
  ['1042', '2.1.0 - 2.1.3'],
  ['1043', '2.2.0 - 2.2.1'],
  ['1044 paperless 0001', '2.3.0 - 2.3.3'],
  ['1044 paperless 0002', '2.4.0 - 2.5.4'],
  ['1046', '2.6.0 - 2.7.2'],
  ['1048', '2.8.0 - 2.9.0'],
  ['1049', '2.10.0 - 2.10.2'],
  ['1051', '2.11.0 - 2.11.4'],
  ['1052', '2.11.5 - 2.12.1'],
  ['1055', '2.13.0'],
  ['1056 mail 0027', '2.13.1 - 2.13.2'],
  ['1056 mail 0028', '2.13.3 - 2.13.5'],
  ['1060', '2.14.0 - 2.14.3'],
  ['1061', '2.14.4 - 2.14.7'],
  ['1065', '2.15.0 - 2.15.3'],
  ['1067', '2.16.0 - 2.16.1'],
  ['1068', '2.16.2 - 2.18.4'],
  ['1072', '2.19.0'],
  ['1073', '2.19.1 - 2.19.2'],
  ['1074', '2.19.3 - 2.20.4'],
  ['1075', '2.20.5 - 2.20.15'],
  ['0022', '3.0.0 - 3.0.5'],
];

/** Everything a database has after all generations up to `index` were applied one after the other. */
function upgradedTo(index: number): string[] {
  const base = generations[0]!;
  const names = Object.entries(base.leaves).map(([app, name]) =>
    name === null ? '' : `${app}.${name}`,
  );
  for (const { added } of generations.slice(1, index + 1)) {
    for (const [app, list] of Object.entries(added))
      names.push(...list.map((name) => `${app}.${name}`));
  }
  return names.filter((name) => name !== '');
}

const isRelease = generations
  .map((_, index) => index)
  .filter((index) => !generations[index]!.prerelease);

describe('an upgraded database of every generation', () => {
  for (const [number, index] of isRelease.entries()) {
    const [label, range] = factSheet[number]!;
    test(`${label} is ${range}`, () => {
      const found = matchMigrations(upgradedTo(index));
      expect(found.range === null ? null : rangeText(found.range)).toBe(range);
      expect(found).toMatchObject({
        generation: index,
        reached: index,
        state: 'complete',
        unknown: [],
      });
      expect(generations[index]!.leaves.documents?.slice(0, 4)).toBe(label.slice(0, 4));
    });
  }
  test('covers the whole table', () => expect(isRelease.length).toBe(factSheet.length));
});

test('a fresh 3.0.5 database, with all old names recorded, is 3.x', () => {
  const everything = Object.entries(facts.names)
    .flatMap(([app, names]) => names.map((name) => `${app}.${name}`))
    .filter((name) => !name.includes('0001_1_clamp'));
  expect(matchMigrations(everything).range).toEqual({ from: '3.0.0', to: '3.0.5' });
});

test('a 3.0.5 database without any of the names that its squashes replace is 3.x', () => {
  const index = generations.findIndex(({ to }) => to === '3.0.0-beta.rc1');
  const only3 = generations
    .slice(index)
    .flatMap(({ added }) =>
      Object.entries(added).flatMap(([app, names]) => names.map((name) => `${app}.${name}`)),
    );
  const older = [
    'paperless.0001_initial',
    'paperless.0004_applicationconfiguration_barcode_asn_prefix_and_more',
  ];
  expect(matchMigrations([...only3, ...older])).toMatchObject({
    range: { from: '3.0.0', to: '3.0.5' },
    state: 'complete',
  });
});

test('rows of squash files do not matter, neither present nor missing', () => {
  const index = generations.findIndex(({ from }) => from === '2.11.0');
  const squash =
    'documents.1045_alter_customfieldinstance_value_monetary_squashed_1049_document_deleted_at_document_restored_at';
  for (const names of [upgradedTo(index), [...upgradedTo(index), squash]]) {
    expect(matchMigrations(names)).toMatchObject({
      range: { from: '2.11.0', to: '2.11.4' },
      state: 'complete',
    });
  }
});

test('the row that 3.0.1 left behind does not matter', () => {
  const names = [
    ...upgradedTo(generations.length - 1),
    'paperless_mail.0001_1_clamp_mailrule_maximum_age',
  ];
  expect(matchMigrations(names)).toMatchObject({
    range: { from: '3.0.0', to: '3.0.5' },
    state: 'complete',
  });
});

describe('interrupted upgrades keep the last whole state', () => {
  test.each([
    [
      '2.14.0 on the way to 2.14.4 ... 2.15',
      '2.14.4',
      ['documents.1062_alter_savedviewfilterrule_rule_type'],
      '2.14.4 - 2.14.7',
    ],
    [
      'into 2.14.0 with one of four',
      '2.13.3',
      ['documents.1057_paperlesstask_owner'],
      '2.13.3 - 2.13.5',
    ],
    ['into 3.x at the very beginning', '2.20.5', ['documents.0001_squashed'], '2.20.5 - 2.20.15'],
    [
      'into 3.x in the middle',
      '2.20.5',
      ['documents.0003_remove_document_storage_type'],
      '2.20.5 - 2.20.15',
    ],
  ])('%s', (_, from, extra, range) => {
    const index = generations.findIndex((each) => each.from === from);
    const found = matchMigrations([...upgradedTo(index), ...extra]);
    expect(found.state).toBe('interrupted');
    expect(rangeText(found.range!)).toBe(range);
  });

  /** Generations with more than one migration: there is a state between the one before and this one. */
  const upgrades = generations.flatMap(({ added, from }, index) => {
    const names = Object.entries(added).flatMap(([app, list]) =>
      list.filter((name) => !name.includes('squashed')).map((name) => `${app}.${name}`),
    );
    return names.length > 1 ? [{ from, index, first: names[0]! }] : [];
  });

  test('there are such upgrades', () => expect(upgrades).toHaveLength(19));

  test.each(upgrades)('on the way to $from', ({ index, first }) => {
    const found = matchMigrations([...upgradedTo(index - 1), first]);
    const whole = generations.findLastIndex((each, at) => at < index && !each.prerelease);
    const { from, to } = generations[whole]!;
    expect(found).toMatchObject({
      generation: whole,
      reached: generations.findIndex((each, at) => at >= index && !each.prerelease),
      range: { from, to },
      state: 'interrupted',
      unknown: [],
    });
    expect(found.says).toContain(rangeText({ from, to }));
  });

  test('past the state of a beta, the last release counts', () => {
    const beta = generations.findIndex(({ from }) => from === '3.0.0-beta.rc1');
    const found = matchMigrations([
      ...upgradedTo(beta),
      'documents.0021_widen_workflow_integer_fields',
    ]);
    expect(found).toMatchObject({ state: 'interrupted', range: { from: '2.20.5', to: '2.20.15' } });
  });

  test('a first start that did not end has no range', () => {
    const found = matchMigrations([
      'documents.1000_update_paperless_all',
      'documents.1022_paperlesstask',
    ]);
    expect(found).toMatchObject({ state: 'interrupted', range: null, generation: -1 });
  });
});

test('betas are recognised when nothing else fits', () => {
  for (const index of generations.keys()) {
    if (!generations[index]!.prerelease) continue;
    expect(matchMigrations(upgradedTo(index))).toMatchObject({
      range: { from: generations[index]!.from, to: generations[index]!.to },
      state: 'complete',
    });
  }
});

test('unknown names mean newer, or a fork', () => {
  const found = matchMigrations([
    ...upgradedTo(generations.length - 1),
    'documents.0023_from_the_future',
  ]);
  expect(found).toMatchObject({
    range: null,
    generation: -1,
    state: 'unknown',
    unknown: ['documents.0023_from_the_future'],
  });
});

test('migrations of other apps are nothing to judge by', () => {
  const names = [...upgradedTo(3), 'my_plugin.0001_initial', 'auth.9999_from_django'];
  expect(matchMigrations(names)).toMatchObject({ state: 'complete', unknown: [] });
  expect(matchMigrations(['auth.0001_initial'])).toMatchObject({ state: 'unknown', range: null });
  expect(matchMigrations(['documents.1017_alter_savedviewfilterrule_rule_type']).says).toBe(
    'migrations older than 1.7.0',
  );
});

test('releases without a gap: each belongs to exactly one generation', () => {
  for (const release of ['1.7.1', '1.16.5', '2.5.4', '2.18.0', '2.20.4', '2.20.5', '3.0.3']) {
    const fitting = generations.filter((each) => isWithin(release, each));
    expect(fitting.length, release).toBe(1);
    expect(generations[generationOf(release)]).toBe(fitting[0]);
  }
  expect(generationOf('3.1.0')).toBe(-1);
  expect(generationOf('1.6.0')).toBe(-1);
});
