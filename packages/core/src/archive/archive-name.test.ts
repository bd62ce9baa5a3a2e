// Names of archives: what the user's pattern means, and what it must not do.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { isDmsBackupError } from '../errors.ts';
import { archivePath, expandPattern } from './archive-name.ts';

const facts = {
  app: 'paperless',
  appVersion: '2.20.15',
  createdAt: new Date('2026-11-05T03:07:09.876Z'),
};

describe('a pattern', () => {
  test.each([
    ['{app}-{version}-{time}', 'paperless-2.20.15-20261105T030709Z'],
    ['%Y%m%d-%H%M%S', '20261105-030709'],
    ['%F_%y_%j_%s', '2026-11-05_26_309_1793848029'],
    ['100%%', '100%'],
    ['backup', 'backup'],
    ['{app}%Y', 'paperless2026'],
    ['a b ü', 'a b ü'],
  ])('%s gives %s', (pattern, name) => {
    expect(expandPattern(pattern, facts)).toBe(name);
  });

  test('counts the days of a year from 001 to 366', () => {
    const day = (date: string) => expandPattern('%j', { ...facts, createdAt: new Date(date) });
    expect([
      day('2026-01-01T00:00:00Z'),
      day('2026-12-31T23:59:59Z'),
      day('2028-12-31T23:59:59Z'),
    ]).toEqual(['001', '365', '366']);
  });

  test('expands nothing in what it inserts', () => {
    expect(expandPattern('{version}', { ...facts, appVersion: '1%Y{app}' })).toBe('1%Y{app}');
  });

  test.each([
    '%Q',
    '%',
    '%Y%',
    '{nothing}',
    '{}',
    '{App}',
    '{constructor}',
    '{toString}',
    '{__proto__}',
    '%_',
  ])('%s is refused for what it does not know', (pattern) => {
    const error = caught(() => expandPattern(pattern, facts));
    expect(error.code).toBe('usage');
    expect(error.message).toContain('unknown');
  });

  test.each(['', '.', '..', '.hidden', '../x', 'a/b', '/x', 'a\0b'])(
    '%o is refused as a name',
    (pattern) => {
      expect(caught(() => expandPattern(pattern, facts)).message).toContain('gives no usable name');
    },
  );

  test('gives a plain name or `usage`, whatever it is', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.constantFrom('{app}', '{version}', '%Y', '%%', '%', '{', '}', '/', '..', '\0'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        try {
          const name = expandPattern(pieces.join(''), facts);
          expect(join('/d', name)).toBe(`/d/${name}`);
          expect(name).not.toContain('\0');
        } catch (error) {
          if (!isDmsBackupError(error)) throw error;
          expect(error.code).toBe('usage');
        }
      }),
    );
  });
});

describe('the path', () => {
  const path = (
    destination: string,
    codec: 'zstd' | 'gzip' | 'none' = 'zstd',
    pattern?: string,
    from = '/work',
  ) => archivePath(destination, pattern, facts, { codec }, from).path;

  test.each([
    ['zstd', '/dest/paperless-2.20.15-20261105T030709Z.tar.zst'],
    ['gzip', '/dest/paperless-2.20.15-20261105T030709Z.tar.gz'],
    ['none', '/dest/paperless-2.20.15-20261105T030709Z.tar'],
  ] as const)('in a directory has the default name, with codec %s', (codec, expected) => {
    expect(path('/dest/', codec)).toBe(expected);
    expect(path('/dest', codec)).toBe(expected);
  });

  test('is relative to the working directory', () => {
    expect(path('.')).toBe('/work/paperless-2.20.15-20261105T030709Z.tar.zst');
    expect(path('../x', 'none', 'name')).toBe('/x/name.tar');
  });

  test('takes the name from the pattern, with the suffix once', () => {
    expect(path('/dest', 'zstd', 'daily')).toBe('/dest/daily.tar.zst');
    expect(path('/dest', 'zstd', 'daily.tar.zst')).toBe('/dest/daily.tar.zst');
    expect(path('/dest', 'zstd', 'v1.2')).toBe('/dest/v1.2.tar.zst');
  });

  test('is the file that is named', () => {
    expect(archivePath('/dest/a.tar.gz', undefined, facts, { codec: 'gzip' }, '/')).toEqual({
      directory: '/dest',
      path: '/dest/a.tar.gz',
    });
    expect(archivePath('a.tar', undefined, facts, { codec: 'none' }, '/work')).toEqual({
      directory: '/work',
      path: '/work/a.tar',
    });
  });

  test('lies in a directory that is there, whatever it is called', () => {
    const scratch = scratchDirectory();
    mkdirSync(join(scratch, 'old.tar'));
    writeFileSync(join(scratch, 'file.tar'), '');
    expect(path('old.tar', 'none', 'x', scratch)).toBe(join(scratch, 'old.tar', 'x.tar'));
    expect(path('file.tar', 'none', undefined, scratch)).toBe(join(scratch, 'file.tar'));
    expect(path('new.tar/', 'none', 'x', scratch)).toBe(join(scratch, 'new.tar', 'x.tar'));
  });

  test.each([
    ['a file name that does not fit the compression', '/dest/a.tar.gz', 'zstd', undefined],
    ['a short suffix', '/dest/a.tgz', 'gzip', undefined],
    ['a pattern that does not fit the compression', '/dest', 'zstd', 'a.tar.gz'],
    ['an uncompressed name', '/dest/a.tar', 'zstd', undefined],
    ['a file name and a pattern', '/dest/a.tar.zst', 'zstd', 'name'],
  ] as const)('is refused for %s', (_, destination, codec, pattern) => {
    expect(caught(() => path(destination, codec, pattern)).code).toBe('usage');
  });
});
