import { expect, test } from 'vitest';
import { endBytes, fileProblem } from './file-kinds.ts';

function problem(path: string, content: string | Buffer): string | undefined {
  const whole = Buffer.isBuffer(content) ? content : Buffer.from(content, 'latin1');
  const length = Math.min(whole.length, endBytes);
  const ends = { head: whole.subarray(0, length), tail: whole.subarray(whole.length - length) };
  return fileProblem(path, { ...ends, size: whole.length });
}

const long = 'x'.repeat(100_000);
const zip = `PK\x03\x04${long}PK\x05\x06${'\0'.repeat(18)}`;

test.each([
  ['a.pdf', `%PDF-1.7\n${long}%%EOF\n`],
  ['noise before the header.PDF', `\r\n\r\n%PDF-1.4\n${long}%%EOF`],
  ['noise behind the end.pdf', `%PDF-1.4\n${long}%%EOF${'\0'.repeat(900)}`],
  ['a.png', '\x89PNG\r\n\x1a\n and so on'],
  ['a.jpeg', '\xff\xd8\xff\xe0'],
  ['a.webp', 'RIFF\x10\0\0\0WEBPVP8 '],
  ['a.tiff', 'II*\0....'],
  ['a.tif', 'MM\0*....'],
  ['big.tif', 'II+\0....'],
  ['a.gif', 'GIF89a...'],
  ['a.docx', zip],
  ['with the longest comment.odt', `${zip}${'c'.repeat(65_535)}`],
  ['no files.zip', `PK\x05\x06${'\0'.repeat(18)}`],
  ['a.doc', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...'],
  ['a.txt', 'Überweisung'],
  ['latin.csv', Buffer.from([0xdc, 0x62, 0x65, 0x72])],
  ['wide.txt', '\xff\xfea\0b\0'],
  ['empty.txt', ''],
  ['a JPEG called.png', '\xff\xd8\xff\xe0'],
  ['6a5f-no-extension', 'anything\0at all'],
  ['empty', ''],
  ['encrypted.pdf.gpg', '\x85\x02\0'],
])('%s opens', (path, content) => {
  expect(problem(path, content)).toBeUndefined();
});

test.each([
  ['a.pdf', '\0'.repeat(5000), 'does not begin as a PDF'],
  ['cut.pdf', `%PDF-1.7\n${long}`, 'does not end as a PDF'],
  ['end far away.pdf', `%PDF-1.7\n%%EOF${long}`, 'does not end as a PDF'],
  ['empty.pdf', '', 'is empty'],
  ['a.png', 'not an image', 'does not begin as a PNG image'],
  ['a.jpg', '\xff\xd8', 'does not begin as a JPEG image'],
  ['a.webp', 'RIFF\x10\0\0\0WAVE', 'does not begin as a WebP image'],
  ['a.tif', 'II*', 'does not begin as a TIFF image'],
  ['a.gif', 'GIF88a', 'does not begin as a GIF image'],
  ['a.docx', zip.slice(0, 5000), 'does not end as a ZIP archive or office document'],
  ['a.xlsx', 'PK\x03', 'does not begin as a ZIP archive or office document'],
  ['a.txt', `words${'\0'.repeat(10)}`, 'is no text: it holds zero bytes'],
  ['zeros at the end.eml', `${long}\0`, 'is no text: it holds zero bytes'],
  ['cut, without extension', `%PDF-1.7\n${long}`, 'does not end as a PDF'],
])('%s does not open', (path, content, says) => {
  expect(problem(path, content)).toBe(says);
});
