// May an archive be restored there? Every pair of release groups, then the states between them.

import type { Stamp } from '@dms-backup/core';
import { describe, expect, test } from 'vitest';
import { rangeText } from '@dms-backup/core/adapter-kit';
import { compatibility } from './compatibility.ts';
import { groupOf, groups, type ReleaseGroup } from './revisions.ts';

function stampOf(group: ReleaseGroup, others: readonly string[] = []): Stamp {
  const own = [...(group.components ?? [])]
    .filter(([component]) => !group.optional.has(component))
    .flatMap(([component, { revisions }]) => [...revisions].map((each) => `${component}.${each}`));
  return {
    appVersion: null,
    range: { from: group.from, to: group.to },
    foundBy: 'test',
    evidence: [],
    migrations: [...own, ...others].toSorted(),
    migrationState: 'complete',
    warnings: [],
  };
}

const at = (release: string, others: readonly string[] = []): Stamp =>
  stampOf(groups[groupOf(release)]!, others);

/** Archives of 3.8 and older do not reach 4.5 and newer (fact sheet 6.5). */
function expected(from: number, to: number): string {
  if (from === to) return 'same';
  if (from > to) return 'too-new';
  return from <= groupOf('3.8.0') && to >= groupOf('4.5.0') ? 'impossible' : 'migrates';
}

const pairs = groups.flatMap((archive, from) =>
  groups.map((target, to) => ({
    archive: rangeText(archive),
    target: rangeText(target),
    verdict: expected(from, to),
    from,
    to,
  })),
);

test('there are pairs of all kinds', () => {
  const counts = Object.groupBy(pairs, ({ verdict }) => verdict);
  expect(
    Object.fromEntries(Object.entries(counts).map(([verdict, all]) => [verdict, all?.length])),
  ).toEqual({ same: 20, 'too-new': 190, migrates: 150, impossible: 40 });
});

test.each(pairs)('$archive into $target: $verdict', ({ from, to, verdict }) => {
  const found = compatibility(stampOf(groups[from]!), stampOf(groups[to]!));
  expect(found.verdict).toBe(verdict);
  expect(found.explanation).not.toBe('');
  const steps = found.steps.join('\n');
  if (verdict === 'too-new') {
    expect(steps).toContain(`Install NextGIS Web ${groups[from]!.to}`);
  } else if (verdict === 'impossible') {
    expect(steps).toContain('Restore into NextGIS Web 4.4.0');
    expect(steps.includes('SQL scripts')).toBe(from < groupOf('3.7.0'));
  } else if (verdict === 'migrates' && from >= groupOf('3.7.0')) {
    expect(steps).toMatch(/Pending steps of `migration upgrade`: \w+ \d+/);
    expect(steps).toContain(
      to >= groupOf('4.4.0') ? 'nextgisweb migration upgrade' : 'nextgisweb migration.upgrade',
    );
  } else if (verdict === 'migrates') {
    expect(steps).toContain('SQL scripts');
  }
});

test('pending steps are counted by component, new components named', () => {
  expect(compatibility(at('4.4.0'), at('4.7.0')).steps[0]).toBe(
    'Pending steps of `migration upgrade`: auth 2, feature_attachment 1, feature_layer 1, file_storage 1, pyramid 1, webmap 3; new components: audit, basemap, ogcfserver, sld, tileset.',
  );
});

describe('states between and beside the releases', () => {
  const midway = (): Stamp => ({
    ...at('4.9.0', ['vector_layer.fe525857']),
    migrationState: 'interrupted',
  });

  test('an unfinished upgrade', () => {
    expect(compatibility(midway(), at('4.9.0')).verdict).toBe('too-new');
    expect(compatibility(midway(), at('4.9.0')).steps[0]).toContain('5.5.0');
    expect(compatibility(midway(), at('4.9.0')).explanation).toContain(
      'in the middle of an upgrade from NextGIS Web 4.9.0 to 5.5.0',
    );
    expect(compatibility(at('4.9.0'), midway()).explanation).toContain('the code of 5.5.0');
    expect(compatibility(at('3.8.0'), midway()).steps.at(-1)).toContain('to 5.5.0');
    expect(compatibility(midway(), at('5.5.0')).verdict).toBe('migrates');
    expect(compatibility(at('4.9.0'), midway()).verdict).toBe('migrates');
    expect(compatibility(at('4.9.0'), midway()).steps[0]).toMatch(/raster_layer 4/);
    expect(compatibility(at('5.5.0'), midway()).verdict).toBe('same');
    const itself = compatibility(midway(), midway());
    expect(itself.verdict).toBe('same');
    expect(itself.steps[0]).toMatch(/middle of an upgrade to 5.5.0/);
  });

  test('with the revision that 4.5 cannot apply already there, the way is open', () => {
    const archive = at('3.8.0', ['core.2e8a9c51']);
    expect(compatibility(archive, at('5.5.0')).verdict).toBe('migrates');
  });

  test('unknown revisions on either side', () => {
    const unknown: Stamp = { ...at('5.5.0', ['core.ffffffff']), range: null };
    expect(compatibility(unknown, at('5.5.0')).verdict).toBe('unknown');
    expect(compatibility(at('5.5.0'), unknown).verdict).toBe('unknown');
    expect(compatibility(unknown, unknown).verdict).toBe('same');
    expect(compatibility(unknown, null).verdict).toBe('unknown');
  });

  test('an archive that did not know its release when it was made', () => {
    const archive: Stamp = { ...at('5.5.0'), range: null, migrationState: 'unknown' };
    expect(compatibility(archive, at('5.4.0'))).toMatchObject({
      verdict: 'too-new',
      explanation: expect.stringContaining('is from NextGIS Web 5.5.0'),
      steps: ['Install NextGIS Web 5.5.0 at the target, then restore.'],
    });
  });

  test('nothing that is known at all', () => {
    const nothing: Stamp = { ...at('5.5.0'), range: null, migrations: [] };
    expect(compatibility(nothing, nothing).verdict).toBe('unknown');
    expect(compatibility(nothing, null).verdict).toBe('unknown');
  });

  test('an empty place takes every release', () => {
    for (const group of groups) {
      const found = compatibility(stampOf(group), null);
      expect(found.verdict).toBe('same');
      expect(found.steps[0]).toContain(group.to);
    }
  });
});

describe('other packages', () => {
  const qgis = ['qgis.00000000', 'qgis.12345678'];

  test('a package that the target lacks is named', () => {
    for (const target of [at('5.4.0'), at('5.5.0'), null]) {
      const found = compatibility(at('5.4.0', qgis), target);
      expect(found.verdict).not.toBe('unknown');
      expect(found.steps.join('\n')).toMatch(/packages of the components qgis/);
    }
  });

  test('a package that is older at the target: nobody can say', () => {
    const found = compatibility(at('5.4.0', qgis), at('5.4.0', ['qgis.00000000']));
    expect(found.verdict).toBe('unknown');
    expect(found.explanation).toContain('qgis.12345678');
  });

  test('a package that only the target has is no matter', () => {
    expect(compatibility(at('5.4.0'), at('5.4.0', qgis)).verdict).toBe('same');
  });
});
