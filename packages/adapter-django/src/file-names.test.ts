import { expect, test } from 'vitest';
import { placeFile } from './file-names.ts';

test.each([
  ['', 'a/b.pdf', 'a/b.pdf'],
  ['scans/', 'b.pdf', 'scans/b.pdf'],
  ['', './a//x/../b.pdf', 'a/b.pdf'],
  ['', '/srv/media/a.pdf', 'a.pdf'],
  ['scans/', '/srv/media/scans/a.pdf', 'scans/a.pdf'],
  ['', 'ä\u{1F600}.pdf', 'ä\u{1F600}.pdf'],
  ['', '/etc/passwd', '(outside)/etc/passwd'],
  ['', '/srv/media2/a.pdf', '(outside)/srv/media2/a.pdf'],
  ['', '../a.pdf', '(outside)/(..)/a.pdf'],
  ['scans/', '../a.pdf', 'scans/(outside)/(..)/a.pdf'],
  ['scans/', '/srv/media/a.pdf', 'scans/(outside)/srv/media/a.pdf'],
  ['', 'a/../../b', '(outside)/a/(..)/(..)/b'],
  ['', '.', '(outside)/(.)'],
  ['', '/', '(outside)/(no name)'],
  ['', 'a\0b', '(outside)/a\u{FFFD}b'],
])('in %j the name %j leads to %j', (folder, name, path) => {
  expect(placeFile('/srv/media', folder, name)).toBe(path);
});
