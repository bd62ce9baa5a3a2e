import { describe, expect, test } from 'vitest';
import { originalName, paddedId, placeFile } from './file-names.ts';

test('ids have seven digits, and more when they need more', () => {
  expect(paddedId('1')).toBe('0000001');
  expect(paddedId('12345678')).toBe('12345678');
});

test.each([
  ['2021/x.pdf', 'application/pdf', false, '2021/x.pdf'],
  [null, 'application/pdf', false, '0000012.pdf'],
  ['', 'image/tiff', false, '0000012.tif'],
  [null, 'image/jpeg', true, '0000012.jpg.gpg'],
  ['x.pdf.gpg', 'application/pdf', true, 'x.pdf.gpg'],
  [null, 'application/x-unknown', false, '0000012'],
  [null, 'application/vnd.oasis.opendocument.text', false, '0000012.odt'],
])('file name %s of type %s', (filename, mimeType, encrypted, expected) => {
  expect(originalName({ id: '12', filename, mimeType, encrypted })).toBe(expected);
});

describe('placing a stored name', () => {
  const originals = 'documents/originals';

  test.each([
    ['2021/Köln/.Vertrag.pdf', 'documents/originals/2021/Köln/.Vertrag.pdf'],
    ['U\u0308ber.pdf', 'documents/originals/U\u0308ber.pdf'],
    ['a//b.pdf', 'documents/originals/a/b.pdf'],
    ['./b.pdf', 'documents/originals/b.pdf'],
    ['a/../b.pdf', 'documents/originals/b.pdf'],
    ['../archive/b.pdf', 'documents/archive/b.pdf'],
    ['../../b.pdf', 'b.pdf'],
    ['...', 'documents/originals/...'],
    [' leading and trailing ', 'documents/originals/ leading and trailing '],
  ])('%s is %s, as the product resolves it', (name, path) => {
    expect(placeFile(originals, name)).toEqual({ path, inside: true });
  });

  test.each([
    ['../../../etc/passwd', 'documents/originals/(..)/(..)/(..)/etc/passwd'],
    ['/etc/passwd', 'documents/originals/etc/passwd'],
    ['..', 'documents/originals/(..)'],
    ['.', 'documents/originals/(.)'],
    ['', 'documents/originals/(no name)'],
    ['a\0b', 'documents/originals/a\u{FFFD}b'],
  ])('%s is never followed', (name, path) => {
    expect(placeFile(originals, name)).toEqual({ path, inside: false });
  });
});
