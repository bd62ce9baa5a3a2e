import type { Compatibility, Stamp } from '@dms-backup/core';
import { describe, expect, test } from 'vitest';
import { compatibility } from './compatibility.ts';
import { generationOf, generations } from './migrations.ts';
import { isWithin } from './release.ts';

const libraries = ['auth.0001_initial', 'guardian.0001_initial'];

function migrationsOf(release: string): string[] {
  const index = generations.findIndex((each) => isWithin(release, each));
  const names = generations
    .slice(0, index + 1)
    .flatMap(({ added, leaves }) => [
      ...Object.entries(leaves).flatMap(([app, name]) => (name === null ? [] : [`${app}.${name}`])),
      ...Object.entries(added).flatMap(([app, list]) => list.map((name) => `${app}.${name}`)),
    ]);
  return [...new Set([...names, ...libraries])].toSorted();
}

/** A stamp of an upgraded database; with `exact` false only the range is known. */
function stampOf(release: string, { exact = true, extra = [] as string[] } = {}): Stamp {
  const { from, to } = generations[generationOf(release)]!;
  return {
    appVersion: exact ? release : null,
    range: { from, to },
    foundBy: 'test',
    evidence: [],
    migrations: [...migrationsOf(release), ...extra].toSorted(),
    migrationState: 'complete',
    warnings: [],
  };
}

const unknown: Stamp = {
  ...stampOf('3.0.5'),
  appVersion: null,
  range: null,
  migrations: [...migrationsOf('3.0.5'), 'documents.0099_future'],
  migrationState: 'unknown',
};

describe('archive and target', () => {
  test.each<[string, string, Compatibility['verdict']]>([
    ['2.20.15', '2.20.15', 'same'],
    ['2.20.5', '2.20.15', 'same'],
    ['2.20.15', '2.20.5', 'same'],
    ['3.0.0', '3.0.5', 'same'],
    ['1.7.0', '1.17.4', 'migrates'],
    ['1.7.0', '2.20.15', 'migrates'],
    ['2.20.4', '2.20.5', 'migrates'],
    ['2.20.15', '3.0.5', 'migrates'],
    ['2.20.5', '3.0.5', 'migrates'],
    ['2.20.4', '3.0.5', 'impossible'],
    ['1.7.0', '3.0.0', 'impossible'],
    ['2.20.5', '2.20.4', 'too-new'],
    ['3.0.5', '2.20.15', 'too-new'],
    ['3.0.5', '1.7.0', 'too-new'],
    ['2.0.0', '1.17.4', 'too-new'],
  ])('%s into %s: %s', (archive, target, verdict) => {
    for (const exact of [true, false]) {
      const found = compatibility(stampOf(archive, { exact }), stampOf(target, { exact }));
      expect(found.verdict).toBe(verdict);
      expect(found.explanation).not.toBe('');
      if (verdict === 'too-new' || verdict === 'impossible')
        expect(found.steps.length).toBeGreaterThan(0);
    }
  });

  test('too new names the release and its image', () => {
    const exact = compatibility(stampOf('3.0.4'), stampOf('2.20.15'));
    expect(exact.steps.join(' ')).toContain('paperlessngx/paperless-ngx:3.0.4');
    const range = compatibility(stampOf('3.0.4', { exact: false }), stampOf('2.20.15'));
    expect(range.steps.join(' ')).toContain('paperlessngx/paperless-ngx:3.0.5');
    expect(range.explanation).toContain('3.0.0 - 3.0.5');
  });

  test('the first release has its image elsewhere', () => {
    const { steps } = compatibility(stampOf('1.7.0'), null);
    expect(steps[0]).toContain('ghcr.io/paperless-ngx/paperless-ngx:ngx-1.7.0');
  });

  test('pending migrations are counted by app, without squashes', () => {
    const pending = (archive: string, target: string): string | undefined =>
      compatibility(stampOf(archive), stampOf(target)).steps.find((step) =>
        step.startsWith('Pending'),
      );
    expect(pending('2.20.4', '2.20.5')).toBe('Pending migrations: documents 1.');
    expect(pending('2.12.1', '2.13.0')).toBe('Pending migrations: documents 3, paperless_mail 2.');
    expect(pending('2.20.15', '3.0.5')).toBe(
      'Pending migrations: documents 20, paperless 9, paperless_mail 3.',
    );
  });

  test('the way from an old release into 3.x is named', () => {
    const { steps, explanation } = compatibility(stampOf('2.13.0'), stampOf('3.0.5'));
    expect(explanation).toContain('2.20.5');
    expect(steps[0]).toContain('paperlessngx/paperless-ngx:2.20.15');
    expect(steps.join(' ')).toContain('decrypt_documents');
    expect(steps.at(-1)).toContain('3.0.5');
  });

  test('into 3.x: media first, secret key, and the detour is only recommended where it helps', () => {
    const steps = compatibility(stampOf('2.20.9'), stampOf('3.0.5')).steps.join(' ');
    expect(steps).toContain('media in place before the first start');
    expect(steps).toContain('PAPERLESS_SECRET_KEY');
    expect(steps).toContain('Recommended: start paperlessngx/paperless-ngx:2.20.15');
    expect(compatibility(stampOf('2.20.15'), stampOf('3.0.5')).steps.join(' ')).not.toContain(
      'Recommended',
    );
    expect(compatibility(stampOf('1.7.0'), stampOf('2.20.15')).steps.join(' ')).not.toContain(
      'SECRET_KEY',
    );
  });
});

describe('into an empty place', () => {
  test('a known release names its image', () => {
    expect(compatibility(stampOf('2.20.9'), null)).toMatchObject({
      verdict: 'same',
      steps: ['Use paperlessngx/paperless-ngx:2.20.9 for the restored instance.'],
    });
    expect(compatibility(stampOf('2.20.9', { exact: false }), null).steps[0]).toContain('2.20.15');
  });
  test('an unknown one is unknown', () =>
    expect(compatibility(unknown, null).verdict).toBe('unknown'));
});

describe('what nobody knows', () => {
  test('unknown on one side', () => {
    const archive = compatibility(unknown, stampOf('3.0.5'));
    expect(archive.verdict).toBe('unknown');
    expect(archive.explanation).toContain('the archive fits no release from 1.7.0 to 3.0.5');
    expect(archive.explanation).toContain('documents.0099_future');
    const target = compatibility(stampOf('3.0.5'), unknown);
    expect(target.verdict).toBe('unknown');
    expect(target.explanation).toContain('the target fits no release');
  });
  test('a paperless-ng of before, and a first start that did not end', () => {
    const bare = { ...unknown, migrations: ['documents.1017_alter_savedviewfilterrule_rule_type'] };
    expect(compatibility(bare, stampOf('2.20.15')).explanation).toContain('older than 1.7.0');
    const first = { ...unknown, migrations: ['documents.1022_paperlesstask'] };
    expect(compatibility(first, stampOf('2.20.15')).explanation).toContain(
      'unfinished first start',
    );
  });
  test('the same unknown set on both sides is the same', () => {
    expect(compatibility(unknown, unknown).verdict).toBe('same');
  });
  test('no migrations at all: only equal statements are the same', () => {
    const bare = (appVersion: string | null): Stamp => ({
      ...stampOf('2.20.5'),
      appVersion,
      range: null,
      migrations: [],
    });
    expect(compatibility(bare(null), bare(null)).verdict).toBe('unknown');
    expect(compatibility(bare('2.1.0'), bare('2.1.0')).verdict).toBe('same');
    expect(compatibility(stampOf('2.20.15'), bare('3.0.5')).verdict).toBe('migrates');
    expect(compatibility(stampOf('3.0.5'), bare('2.20.15')).verdict).toBe('too-new');
  });
});

describe('noise in the sets', () => {
  test('squash rows and the row that 3.0.1 left behind', () => {
    const noisy = stampOf('3.0.1', {
      extra: [
        'paperless_mail.0001_1_clamp_mailrule_maximum_age',
        'documents.1022_paperlesstask_squashed_1036_alter_savedviewfilterrule_rule_type',
      ],
    });
    expect(compatibility(noisy, stampOf('3.0.5')).verdict).toBe('same');
    expect(compatibility(stampOf('3.0.5'), noisy).verdict).toBe('same');
  });

  test('apps of the user do not count', () => {
    expect(
      compatibility(stampOf('3.0.5', { extra: ['my_plugin.0001_initial'] }), stampOf('3.0.0'))
        .verdict,
    ).toBe('same');
  });

  test('a library that is newer in the archive counts only for an older target', () => {
    const newer = stampOf('2.20.15', { extra: ['guardian.0003_new_index'] });
    expect(compatibility(newer, stampOf('2.20.5'))).toMatchObject({
      verdict: 'too-new',
      explanation: expect.stringContaining('guardian.0003_new_index'),
    });
    expect(compatibility(newer, stampOf('2.20.15')).verdict).toBe('same');
    expect(
      compatibility(stampOf('2.20.15', { extra: ['mfa.0001_initial'] }), stampOf('2.20.5')).verdict,
    ).toBe('same');
  });
});

describe('interrupted upgrades', () => {
  const half = stampOf('2.20.15', { extra: ['documents.0003_remove_document_storage_type'] });
  test('onto itself', () => expect(compatibility(half, half).verdict).toBe('same'));
  test('into the newer release, without a start of the older one', () => {
    const { verdict, steps } = compatibility(half, stampOf('3.0.5'));
    expect(verdict).toBe('migrates');
    expect(steps.join(' ')).toContain('PAPERLESS_SECRET_KEY');
    expect(steps.join(' ')).toContain('documents 19');
    expect(steps.join(' ')).not.toContain('2.20.15');
  });
  test('into the older release', () =>
    expect(compatibility(half, stampOf('2.20.15')).verdict).toBe('too-new'));
  test('an archive from before over the broken one', () => {
    const found = compatibility(stampOf('2.20.15'), half);
    expect(found.verdict).toBe('migrates');
    expect(found.explanation).toContain('3.0.5 migrates the database');
    expect(found.steps.join(' ')).toContain('PAPERLESS_SECRET_KEY');
  });
  test('too new names the release that was being installed', () => {
    const { explanation, steps } = compatibility(half, stampOf('2.20.15'));
    expect(explanation).toContain(
      'in the middle of an upgrade from paperless-ngx 2.20.15 to 3.0.5',
    );
    expect(steps[0]).toContain('paperlessngx/paperless-ngx:3.0.5');
    expect(steps[1]).toContain('start 3.0.5 or newer');
  });
  test('an archive that is too old for the release that was being installed', () => {
    const found = compatibility(stampOf('2.13.0'), half);
    expect(found.verdict).toBe('impossible');
    expect(found.steps.at(-1)).toBe('Then upgrade that instance to 3.0.5.');
  });
  test('both in the middle of the same upgrade, at other places: the release can finish either', () => {
    const further = stampOf('2.20.15', {
      extra: [
        'documents.0003_remove_document_storage_type',
        'documents.0004_workflowtrigger_filter_has_any_correspondents_and_more',
      ],
    });
    expect(compatibility(half, further).verdict).toBe('migrates');
    expect(compatibility(further, half).verdict).toBe('migrates');
  });
  test('in the middle of an older upgrade, into a release between', () => {
    const early = stampOf('2.13.3', { extra: ['documents.1057_paperlesstask_owner'] });
    expect(compatibility(early, stampOf('2.14.0'))).toMatchObject({
      verdict: 'migrates',
      steps: [
        'Pending migrations: documents 3.',
        expect.stringContaining('Start the application'),
        expect.stringContaining('start 2.14.3 or newer'),
      ],
    });
    expect(compatibility(early, stampOf('2.13.3')).verdict).toBe('too-new');
  });
  test('into nothing says what to do', () => {
    expect(compatibility(half, null).steps.join(' ')).toContain('middle of an upgrade');
  });
});
