// The writers of file formats, checked against the rules of each format.

import { createHash } from 'node:crypto';
import { crc32, inflateSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { writePdf } from './pdf.ts';
import { writePng } from './png.ts';
import { writeWebp } from './webp.ts';
import { writeZip } from './zip.ts';

test('a PDF has every object at the offset its table gives', () => {
  const scan = Buffer.alloc(160, 0x80);
  const pdf = writePdf({ title: 'Größe 請求書', lines: ['a (b) \\ ü', '請'], scan }).toString(
    'latin1',
  );
  expect(pdf.startsWith('%PDF-1.4\n')).toBe(true);
  expect(pdf.endsWith('%%EOF\n')).toBe(true);
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(pdf)?.[1]);
  expect(pdf.slice(start, start + 9)).toBe('xref\n0 8\n');
  const entries = [...pdf.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)];
  expect(entries).toHaveLength(7);
  for (const [index, entry] of entries.entries()) {
    expect(pdf.slice(Number(entry[1])).startsWith(`${index + 1} 0 obj\n`)).toBe(true);
  }
  const stream = /\/Length (\d+) >>\nstream\n([\s\S]*?)\nendstream/.exec(pdf);
  expect(stream?.[2]).toHaveLength(Number(stream?.[1]));
  expect(stream?.[2]).toContain('(a \\(b\\) \\\\ ü) Tj');
  expect(stream?.[2]).toContain('(?) Tj');
});

test('a PNG has right checksums and as many bytes as its size asks for', () => {
  const png = writePng(3, 2, Buffer.alloc(18, 7));
  let at = 8;
  const types: string[] = [];
  let pixels = Buffer.alloc(0);
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    types.push(body.toString('latin1', 0, 4));
    if (types.at(-1) === 'IDAT') pixels = inflateSync(body.subarray(4));
    at += 12 + length;
  }
  expect(types).toEqual(['IHDR', 'IDAT', 'IEND']);
  expect(pixels).toEqual(Buffer.from([0, ...Array(9).fill(7), 0, ...Array(9).fill(7)]));
  expect(() => writePng(200, 200, Buffer.alloc(120_000))).toThrow(RangeError);
});

test('WEBP pictures differ by colour and have the size their header says', () => {
  const pictures = Array.from({ length: 50 }, (_, colour) => writeWebp(colour * 0x01_03_05));
  for (const picture of pictures) {
    expect(picture.toString('latin1', 0, 4) + picture.toString('latin1', 8, 16)).toBe(
      'RIFFWEBPVP8L',
    );
    expect(picture.readUInt32LE(4)).toBe(picture.length - 8);
    expect(picture[20]).toBe(0x2f);
  }
  const digests = pictures.map((picture) => createHash('sha256').update(picture).digest('hex'));
  expect(new Set(digests).size).toBe(50);
});

test('a ZIP lists its members where they are', () => {
  const zip = writeZip([
    { name: 'ä.txt', data: Buffer.from('first') },
    { name: 'b', data: Buffer.alloc(0) },
  ]);
  const end = zip.subarray(-22);
  expect(end.readUInt32LE(0)).toBe(0x0605_4b50);
  expect(end.readUInt16LE(10)).toBe(2);
  const directory = end.readUInt32LE(16);
  expect(zip.readUInt32LE(directory)).toBe(0x0201_4b50);
  expect(zip.toString('utf8', directory + 46, directory + 52)).toBe('ä.txt');
  expect(zip.readUInt32LE(directory + 16)).toBe(crc32(Buffer.from('first')));
  expect(zip.toString('utf8', 36, 41)).toBe('first');
});
