// What the folder of a project says about its version: the repository by `git describe`, `pyproject.toml` as data. Neither runs
// anything of the project.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Instance } from '@dms-backup/core';

type Setting = Instance['settings'][number];

export const versionSettings = {
  git: 'git describe',
  installed: 'installed version',
  package: 'version in pyproject.toml',
} as const;

export interface VersionFindings {
  readonly settings: readonly Setting[];
  readonly lookedAt: Instance['lookedAt'];
  readonly warnings: readonly string[];
}

/** Looks in the folder of the project and the one above it: `manage.py` often lies in `src/`. */
export async function findVersions(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<VersionFindings> {
  const settings: Setting[] = [];
  const lookedAt: Instance['lookedAt'] = [];
  const warnings: string[] = [];
  const near = (name: string): string | undefined => {
    const places = [directory, dirname(directory)].map((each) => join(each, name));
    const place = places.find((each) => existsSync(each));
    lookedAt.push({ place: place ?? places[0] ?? name, found: place !== undefined });
    return place;
  };
  const repository = near('.git');
  if (repository !== undefined) {
    const described = await describe(dirname(repository), environment);
    if ('version' in described)
      settings.push({ name: versionSettings.git, value: described.version, source: repository });
    else if (described.problem !== null)
      warnings.push(`no version from '${repository}': ${described.problem}`);
  }
  const pyproject = near('pyproject.toml');
  if (pyproject !== undefined) {
    const version = projectVersion(await readFile(pyproject, 'utf8').catch(() => ''));
    if (version !== null)
      settings.push({ name: versionSettings.package, value: version, source: pyproject });
  }
  return { settings, lookedAt, warnings };
}

/** Words that a version may consist of: it becomes part of file names and sentences. */
export function versionWord(text: string): string | null {
  const word = text.trim().replace(/^v(?=\d)/, '');
  return /^[A-Za-z0-9][\w.+~/!-]{0,99}$/.test(word) ? word : null;
}

type Described = { readonly version: string } | { readonly problem: string | null };

/**
 * Reads names and commits only; `--dirty` would look at the files and run filters. What a repository can name as programs
 * (hooks, fsmonitor, pager, transport) is switched off. Git itself refuses the repository of another user.
 */
async function describe(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Described> {
  const quiet = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'protocol.allow=never'];
  const words = [
    '--no-pager',
    '--no-optional-locks',
    ...quiet.flatMap((each) => ['-c', each]),
    'describe',
    '--tags',
    '--always',
  ];
  const env = {
    PATH: environment['PATH'],
    HOME: environment['HOME'],
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
  };
  return new Promise((resolve) => {
    execFile('git', words, { cwd: directory, env, timeout: 10_000 }, (error, output, errors) => {
      const version = error === null ? versionWord(output) : null;
      if (version !== null) resolve({ version });
      else if (/dubious ownership|safe\.directory/.test(errors))
        resolve({ problem: 'git refuses the repository of another user; state --app-version' });
      else resolve({ problem: null });
    });
  });
}

/**
 * `version` of the tables `project` (PEP 621) or `tool.poetry`, as far as it is a plain string: a version that is computed
 * (`dynamic`) is not there. Not a whole TOML reader: long strings are skipped, because they may hold anything.
 */
export function projectVersion(toml: string): string | null {
  const lines = toml.replaceAll(/"""[\s\S]*?"""|'''[\s\S]*?'''/g, '""').split(/\r?\n/);
  const found = new Map<string, string>();
  let table = '';
  for (const line of lines) {
    const header = /^\s*\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(line)?.[1];
    if (header !== undefined || /^\s*\[\[/.test(line)) {
      table = header ?? '';
      continue;
    }
    const value = /^\s*version\s*=\s*(?:"([^"\\]*)"|'([^']*)')\s*(?:#.*)?$/.exec(line);
    const version = value === null ? null : versionWord(value[1] ?? value[2] ?? '');
    if (version !== null && !found.has(table)) found.set(table, version);
  }
  return found.get('project') ?? found.get('tool.poetry') ?? null;
}
