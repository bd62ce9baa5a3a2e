import { expect, test } from 'vitest';
import { instanceWith } from '../test/scratch.ts';
import { classify } from './media.ts';

const known = instanceWith({
  settings: [{ name: 'file-column a.b', value: '{}', source: 'test' }],
});
const unknown = instanceWith({});

test.each(['.DS_Store', 'a/.upload', 'a/letter.txt~', '~', '.~lock.a.odt#'])(
  '%s looks temporary',
  (path) => {
    expect(classify('media', path, known)).toMatchObject({ class: 'ephemeral', keep: false });
    expect(classify('media', path, known).reason).toContain('temporary');
  },
);

test.each(['a.pdf', 'a/b.', 'a/..b/c', '.hidden/', '.hidden/a.pdf', 'folder~/', 'folder~/a.pdf'])(
  '%s is kept',
  (path) => {
    expect(classify('media', path, known).keep).toBe(true);
    expect(classify('fixtures', path, known)).toEqual({
      class: 'essential',
      keep: true,
      standalone: true,
    });
  },
);

test('files that no row names are worth a word only where rows could name them', () => {
  expect(classify('media', 'a.pdf', known).standalone).toBeUndefined();
  expect(classify('storage-private', 'a.pdf', known).standalone).toBeUndefined();
  expect(classify('data', 'a.pdf', known).standalone).toBe(true);
  expect(classify('media', 'a.pdf', unknown).standalone).toBe(true);
});
