import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../test/scratch.ts';
import { findVersions, projectVersion, versionWord } from './version-sources.ts';

const environment = { PATH: process.env['PATH'], HOME: '/nowhere' };

function git(directory: string, ...words: string[]): void {
  const identity = [
    '-c',
    'user.name=x',
    '-c',
    'user.email=x@example.org',
    '-c',
    'commit.gpgsign=false',
  ];
  execFileSync('git', ['-C', directory, ...identity, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nowhere', GIT_CONFIG_NOSYSTEM: '1' },
  });
}

function repository(files: Readonly<Record<string, string>> = { a: '1' }): string {
  const directory = folderWith(files);
  git(directory, 'init', '-q');
  git(directory, 'add', '.');
  git(directory, 'commit', '-q', '-m', 'first');
  return directory;
}

async function described(directory: string): Promise<Record<string, string>> {
  const { settings } = await findVersions(directory, environment);
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

test('a tag, commits after it, and none', async () => {
  const directory = repository({
    'src/manage.py': '',
    'pyproject.toml': '[project]\nversion="1.1"',
  });
  expect((await described(directory))['git describe']).toMatch(/^[0-9a-f]{7,40}$/);
  git(directory, 'tag', 'v1.2.3');
  expect(await described(directory)).toEqual({
    'git describe': '1.2.3',
    'version in pyproject.toml': '1.1',
  });
  git(directory, 'commit', '-q', '--allow-empty', '-m', 'second');
  // manage.py in a folder of the repository
  expect((await described(join(directory, 'src')))['git describe']).toMatch(
    /^1\.2\.3-1-g[0-9a-f]+$/,
  );
});

test('no program that a repository names is run, and nothing in it changes', async () => {
  const directory = repository();
  const trap = join(directory, 'trap.sh');
  const mark = join(directory, 'was-run');
  writeFileSync(trap, `#!/bin/sh\ntouch ${mark}\n`);
  chmodSync(trap, 0o755);
  for (const key of [
    'core.fsmonitor',
    'core.pager',
    'core.sshCommand',
    'diff.external',
    'alias.describe',
  ])
    git(directory, 'config', key, key.startsWith('alias') ? `!${trap}` : trap);
  git(directory, 'config', 'core.hooksPath', directory);
  for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction'])
    writeFileSync(join(directory, hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'a'), 'changed');
  expect((await described(directory))['git describe']).toMatch(/^[0-9a-f]{7,40}$/);
  expect(existsSync(mark)).toBe(false);
});

test('a folder that only looks like a repository, no git, no file', async () => {
  const fake = folderWith({ '.git/HEAD': 'nonsense' });
  expect(await described(fake)).toEqual({});
  const { settings } = await findVersions(repository(), { PATH: '/nowhere' });
  expect(settings).toEqual([]);
  const { lookedAt } = await findVersions(folderWith(), environment);
  expect(lookedAt.map(({ found }) => found)).toEqual([false, false]);
});

test.each([
  ['[project]\nname = "x"\nversion = "1.4.0" # now', '1.4.0'],
  ["[project]\nversion='2.0rc1'", '2.0rc1'],
  ['[tool.poetry]\nversion = "3.1"', '3.1'],
  ['[tool.poetry]\nversion = "3.1"\n[project]\nversion = "4"', '4'],
  ['[ project ]\n  version = "1"\r\n', '1'],
  ['[project]\ndynamic = ["version"]', null],
  ['[tool.black]\nversion = "9"', null],
  ['version = "9"', null],
  ['[[project]]\nversion = "9"', null],
  ['[project]\ndescription = """\n[project]\nversion = "9"\n"""\nversion = "1"', '1'],
  ['[project]\nversion = "a b; rm"', null],
  ['[project]\nversion = "\\u0031"', null],
  ['', null],
])('%j has the version %s', (toml, version) => {
  expect(projectVersion(toml)).toBe(version);
});

test.each([
  ['v1.2', '1.2'],
  ['release/2026.1\n', 'release/2026.1'],
  ['version', 'version'],
  ['', null],
  ['-x', null],
  ['1\n2', null],
  ['1'.repeat(101), null],
])('%j as a version is %j', (text, word) => {
  expect(versionWord(text)).toBe(word);
});
