import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readLoggedVersion, readVersionPy, releasesOfVersionPy } from './version-files.ts';

const scratch = mkdtempSync(join(tmpdir(), 'paperless-files-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each([
  ['1.7.0 has no annotation', '__version__ = (1, 7, 0)\n# Version string like X.Y.Z\n', '1.7.0'],
  [
    '2.20.15',
    'from typing import Final\n\n__version__: Final[tuple[int, int, int]] = (2, 20, 15)\n',
    '2.20.15',
  ],
  ['something else', '__version__ = "dev"\n', null],
])('reads version.py: %s', async (_, text, release) => {
  const path = join(scratch, 'version.py');
  writeFileSync(path, text);
  expect(await readVersionPy(path)).toBe(release);
});

test('missing files say nothing', async () => {
  expect(await readVersionPy(join(scratch, 'nowhere.py'))).toBeNull();
  expect(await readLoggedVersion(join(scratch, 'nowhere'))).toBeNull();
});

test('two tuples stand for two releases', () => {
  expect(releasesOfVersionPy('1.7.1')).toEqual({ from: '1.7.1', to: '1.7.2' });
  expect(releasesOfVersionPy('1.9.0')).toEqual({ from: '1.9.0', to: '1.9.1' });
  expect(releasesOfVersionPy('1.9.2')).toEqual({ from: '1.9.2', to: '1.9.2' });
});
