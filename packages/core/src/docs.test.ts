// Keeps docs/ true: generated pages equal what the code says, links lead somewhere, and every error code is explained.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { docsDirectory, generateDocs } from '../scripts/generate-docs.ts';

const root = resolve(docsDirectory, '..');

/** Hand-written pages of the project, relative to its root. */
const pages = [
  'README.md',
  'packages/core/README.md',
  ...readdirSync(docsDirectory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].toSorted();

describe('generated pages', () => {
  test.each([...generateDocs()])('docs/%s is what the code says', (name, text) => {
    const path = join(docsDirectory, name);
    const written = existsSync(path) ? readFileSync(path, 'utf8') : '';
    expect(written, 'run `pnpm --filter @dms-backup/core run docs`').toBe(text);
  });

  test('docs/schemas holds nothing else', () => {
    const generated = [...generateDocs().keys()].filter((name) => name.startsWith('schemas/'));
    const found = readdirSync(join(docsDirectory, 'schemas')).map((name) => `schemas/${name}`);
    expect(found.toSorted()).toEqual(generated.toSorted());
  });
});

describe('links', () => {
  test.each(pages)('%s: every relative link leads to a file and a heading', (page) => {
    const broken: string[] = [];
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(root, resolve(root, dirname(page), path));
      const isThere = existsSync(join(root, file));
      if (!isThere || (anchor !== undefined && !headings(file).includes(anchor)))
        broken.push(target);
    }
    expect(broken).toEqual([]);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  const page = textOf('docs/ARCHITECTURE.md');

  test('names only files that exist', () => {
    const adapters = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
    const sources = ['apps/cli', ...adapters].flatMap((folder) =>
      readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' }),
    );
    const named = [...page.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name = '']) => name);
    const missing = named.filter(
      (name) => !sources.some((source) => source === name || source.endsWith(`/${name}`)),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  test('names every file and folder at the top of core', () => {
    const top = readdirSync(join(root, 'packages/core/src'), { withFileTypes: true })
      .filter(({ name }) => !name.endsWith('.test.ts'))
      // git knows no empty folders
      .filter(
        (entry) =>
          !entry.isDirectory() || readdirSync(join(entry.parentPath, entry.name)).length > 0,
      )
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    expect(top.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
  });
});

test('pages name no path of a machine and no registry host', () => {
  const found = pages.filter((page) => /registry\.[a-z]|\/(?:root|work)\//.test(textOf(page)));
  expect(found).toEqual([]);
});

/** Without code blocks, in which brackets mean something else. */
function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8').replaceAll(/^```[^]*?^```/gm, '');
}

/** Anchors of the headings, as GitHub makes them. */
function headings(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
