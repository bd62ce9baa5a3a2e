import { expect, test } from 'vitest';
import { classify } from './media.ts';

test.each([
  ['docs/', 'essential', false],
  ['docs/user_1/document_5/v1/a.pdf', 'essential', false],
  ['docvers/ab/cd/abcd/a b.pdf', 'essential', false],
  ['results/user_1/document_5/pages/page_1.txt', 'derived', true],
  ['sidecars/user_a/document_b/v1/pages/000001/000001_ocr.svg', 'derived', true],
  ['ocr/pages/ab/cd/abcd/page.txt', 'derived', true],
  ['thumbnails/jpg/ab/cd/abcd/100.jpg', 'derived', true],
  ['previews/pages/ab/cd/abcd/md.jpg', 'derived', true],
  ['docs', 'unknown', false],
  ['notes.txt', 'unknown', false],
  ['constructor/x', 'unknown', false],
  ['docs/user_1/@eaDir/x', 'unknown', true],
  ['.DS_Store', 'unknown', true],
  ['docvers/ab/._x.pdf', 'unknown', true],
] as const)('%s is %s', (path, kind, standalone) => {
  const rule = classify('media', path);
  expect(rule).toMatchObject({ class: kind, keep: true });
  expect(rule.standalone === true).toBe(standalone);
});

test('everything in other roots is kept', () => {
  expect(classify('data', 'settings.py')).toMatchObject({ keep: true, standalone: true });
  expect(classify('other', 'docs/x')).toMatchObject({ class: 'unknown', keep: true });
});
