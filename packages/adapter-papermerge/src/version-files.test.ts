import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stateOf } from './migrations.ts';
import { readVersionFile, releasesOfVersionFile } from './version-files.ts';

const scratch = mkdtempSync(join(tmpdir(), 'papermerge-version-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(scratch, 'folder-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

test.each<[string, Record<string, string>, string | null]>([
  ['1.5', { 'papermerge/__init__.py': "VERSION = (1, 5, 2, 'final', 0)\n" }, '1.5.2'],
  ['2.0', { 'papermerge/core/__init__.py': 'VERSION = (2, 0, 1, "final", 0)\n' }, '2.0.1'],
  [
    '2.1 with the old tuple beside it',
    {
      'papermerge/core/version.py': '__version__ = "2.1.9"\n',
      'papermerge/core/__init__.py': "VERSION = (2, 1, 0, 'alpha', 0)\n",
    },
    '2.1.9',
  ],
  [
    '3.x',
    { 'pyproject.toml': '[tool.poetry]\nname = "papermerge-core"\nversion = "3.0.3"\n' },
    '3.0.3',
  ],
  ['another project', { 'pyproject.toml': 'name = "other"\nversion = "3.0.3"\n' }, null],
  ['no version in it', { 'papermerge/__init__.py': 'VERSION = get()\n' }, null],
  ['nothing', {}, null],
])('%s', async (_, files, release) => {
  expect((await readVersionFile(folder(files)))?.release ?? null).toBe(release);
});

test('releases that were published with the version of another', () => {
  expect(releasesOfVersionFile('1.4.2')).toEqual({ from: '1.4.2', to: '1.4.3' });
  expect(releasesOfVersionFile('1.5.2')).toEqual({ from: '1.5.2', to: '1.5.3' });
  expect(releasesOfVersionFile('3.3')).toEqual({ from: '3.3.0', to: '3.3.1' });
  expect(stateOf(releasesOfVersionFile('3.6.0').from)?.generation).toBe('3.3+');
  expect(releasesOfVersionFile('2.1.9')).toEqual({ from: '2.1.9', to: '2.1.9' });
});
