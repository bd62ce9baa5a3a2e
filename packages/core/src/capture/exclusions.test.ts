// What is left out is declared: once per rule, never silently.

import { describe, expect, test } from 'vitest';
import type { PathRule } from '../adapter.ts';
import { ExcludedSchema } from '../archive/schema.ts';
import { ExclusionList, IgnoredMediaClasses } from './exclusions.ts';

const derived: PathRule = { class: 'derived', keep: false, reason: 'made again' };

describe('a list of exclusions', () => {
  test('has each declaration once, in the order they came', () => {
    const list = new ExclusionList();
    list.addFile('media', 'b/', derived);
    list.addFile('media', 'a', { class: 'ephemeral', keep: false });
    list.addFile('media', 'b/', derived);
    list.addTable('session', { class: 'ephemeral', reason: 'worthless tomorrow' });
    list.addTable('session', { class: 'ephemeral', reason: 'again' });
    list.addTable('log', { class: 'history' });
    expect(list.list()).toEqual([
      { kind: 'file', root: 'media', path: 'b/', class: 'derived', reason: 'made again' },
      {
        kind: 'file',
        root: 'media',
        path: 'a',
        class: 'ephemeral',
        reason: 'left out by the adapter',
      },
      { kind: 'table', name: 'session', class: 'ephemeral', reason: 'worthless tomorrow' },
      { kind: 'table', name: 'log', class: 'history', reason: 'left out by the adapter' },
    ]);
    for (const each of list.list()) expect(ExcludedSchema.safeParse(each).success).toBe(true);
  });

  test('declares a rule once for all paths that it covers, per root', () => {
    const list = new ExclusionList();
    const rule = { ...derived, declareAs: 'index/' };
    for (let number = 0; number < 1000; number++) list.addFile('data', `index/${number}`, rule);
    list.addFile('media', 'index/0', rule);
    expect(list.list().map(({ root, path }) => [root, path])).toEqual([
      ['data', 'index/'],
      ['media', 'index/'],
    ]);
  });

  test('tells a file from a table of the same name', () => {
    const list = new ExclusionList();
    list.addFile('a', 'b', derived);
    list.addTable('a b', derived);
    expect(list.list()).toHaveLength(2);
  });

  test('declares every class that the user leaves out', () => {
    const list = new ExclusionList();
    const classes = new IgnoredMediaClasses(['derived', 'history']);
    for (const kind of ['derived', 'history'] as const)
      list.addFile('media', kind, classes.apply({ class: kind, keep: true }));
    expect(list.list().map(({ class: kind, path, reason }) => [kind, path, reason])).toEqual([
      ['derived', 'derived', '--exclude-class derived'],
      ['history', 'history', '--exclude-class history'],
    ]);
  });
});

describe('classes that the user leaves out', () => {
  const classes = new IgnoredMediaClasses(['derived']);

  test('leave other classes as they are', () => {
    const rule: PathRule = { class: 'essential', keep: true };
    expect(classes.apply(rule)).toBe(rule);
  });

  test('leave what a rule leaves out with its own reason', () => {
    expect(classes.apply(derived)).toBe(derived);
  });

  test('are left out, each declared as the rule says or by its own path', () => {
    expect(classes.apply({ class: 'derived', keep: true, reason: 'thumbnails' })).toEqual({
      class: 'derived',
      keep: false,
      reason: '--exclude-class derived',
    });
    expect(classes.apply({ class: 'derived', keep: true, declareAs: 'thumbs/' }).declareAs).toBe(
      'thumbs/',
    );
  });
});
