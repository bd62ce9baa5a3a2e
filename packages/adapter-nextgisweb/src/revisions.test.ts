// Which release made a database: every release group of the facts, and the states between and beside them.

import { describe, expect, test } from 'vitest';
import { groupOf, groups, matchRevisions, type ReleaseGroup } from './revisions.ts';

/** Rows of a fresh instance; `optional`: with the components that are off by default. */
function rowsOf(group: ReleaseGroup, optional = false): string[] {
  return [...(group.components ?? [])]
    .filter(([component]) => optional || !group.optional.has(component))
    .flatMap(([component, { revisions }]) => [...revisions].map((each) => `${component}.${each}`));
}

const recorded = groups.filter(({ components }) => components !== null);
const groupAt = (release: string): ReleaseGroup => groups[groupOf(release)]!;

describe.each(recorded)('$from', (group) => {
  const exactly = {
    group: groups.indexOf(group),
    reached: groups.indexOf(group),
    range: { from: group.from, to: group.to },
    state: 'complete',
    unknown: [],
    behind: [],
  };

  test('a fresh instance', () => expect(matchRevisions(rowsOf(group))).toMatchObject(exactly));

  test('with optional components', () =>
    expect(matchRevisions(rowsOf(group, true))).toMatchObject(exactly));

  test('with components of other packages', () => {
    const rows = [...rowsOf(group), 'qgis.00000000', 'formbuilder.4d2a1b00', 'odd.name.with.dots'];
    expect(matchRevisions(rows)).toMatchObject(exactly);
  });

  test('with components that are switched off', () => {
    const rows = rowsOf(group).filter((name) => !/^(?:social|wmsserver|audit)\./.test(name));
    expect(matchRevisions(rows)).toMatchObject(exactly);
  });
});

/** Groups that change more than one of the components that were there before: only they have a state in between. */
const upgrades = recorded.slice(1).flatMap((next, index) => {
  const before = recorded[index]!;
  const heads = [...(next.components ?? [])].filter(([component, { head }]) => {
    const old = before.components?.get(component);
    return old !== undefined && old.head !== head && !next.optional.has(component);
  });
  const [first] = heads.map(([component, { head }]) => `${component}.${head}`);
  return heads.length > 1
    ? [{ from: before.from, to: next.from, before, next, first: first! }]
    : [];
});

test('there are upgrades with a state in between', () => expect(upgrades).toHaveLength(15));

test.each(upgrades)('in the middle of the upgrade from $from to $to', ({ before, next, first }) => {
  expect(matchRevisions([...rowsOf(before), first])).toMatchObject({
    group: groups.indexOf(before),
    reached: groups.indexOf(next),
    range: { from: before.from, to: before.to },
    state: 'interrupted',
  });
});

test('5.2.0 and 5.3.0 cannot be told apart, nor the patch releases of one series', () => {
  expect(matchRevisions(rowsOf(groupAt('5.3.0'))).range).toEqual({ from: '5.2.0', to: '5.3.0' });
  expect(matchRevisions(rowsOf(groupAt('3.8.4'))).range).toEqual({ from: '3.8.0', to: '3.8.6' });
});

test('a database without ancestors of its heads counts as whole', () => {
  const heads = [...(groupAt('5.4.0').components ?? [])].map(
    ([name, { head }]) => `${name}.${head}`,
  );
  expect(matchRevisions(heads)).toMatchObject({
    range: { from: '5.4.0', to: '5.4.0' },
    state: 'complete',
  });
});

test('an optional component that was switched off before an upgrade does not hide the release', () => {
  const rows = [...rowsOf(groupAt('4.3.0')), 'wfsclient.00000000', 'raster_mosaic.00000000'];
  const finding = matchRevisions(rows);
  expect(finding).toMatchObject({ range: { from: '4.3.0', to: '4.3.2' }, state: 'complete' });
  expect(finding.behind.toSorted()).toEqual(['raster_mosaic', 'wfsclient']);
});

test('few components leave several releases possible', () => {
  const rows = rowsOf(groupAt('4.3.0')).filter((name) => name.startsWith('core.'));
  expect(matchRevisions(rows)).toMatchObject({
    range: { from: '4.3.0', to: '5.5.0' },
    state: 'complete',
  });
});

test('a first installation that was not finished fits no release', () => {
  expect(matchRevisions(['core.00000000', 'vector_layer.fe525857'])).toMatchObject({
    group: -1,
    range: null,
    state: 'interrupted',
  });
});

test('an upgrade over several releases names the one before and the one it was going to', () => {
  const rows = [...rowsOf(groupAt('4.9.0')), 'vector_layer.fe525857', 'raster_layer.4c303b5e'];
  expect(matchRevisions(rows)).toMatchObject({
    range: { from: '4.9.0', to: '4.9.0' },
    reached: groupOf('5.5.0'),
    state: 'interrupted',
    says: 'all revisions of 4.9.0 and some, but not all, of 5.5.0',
  });
});

test.each([
  ['core.ffffffff', 'revisions that no release up to 5.5.0 has: core.ffffffff'],
  ['auth.54e1e370', 'revisions of the development after 5.5.0: auth.54e1e370'],
])('what no release has is not guessed: %s', (revision, says) => {
  expect(matchRevisions([...rowsOf(groupAt('5.5.0')), revision])).toEqual({
    group: -1,
    reached: -1,
    range: null,
    state: 'unknown',
    unknown: [revision],
    behind: [],
    says,
  });
});

test.each([[[]], [['qgis.00000000']]])('rows of no component of the product: %j', (rows) => {
  expect(matchRevisions(rows)).toMatchObject({ range: null, state: 'unknown', unknown: [] });
});
