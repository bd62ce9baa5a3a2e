// Index lines: written facts come back as they were; a line of a hostile index is refused when anything in it is not right.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { headFacts, parseIndexLine, toIndexEntry } from './index-entry.ts';
import type { WrittenEntry } from './writer.ts';

const sha256 = 'a'.repeat(64);
const line = {
  path: 'media/files/a',
  type: 'file',
  size: 5,
  sha256,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: '1700000000.123456789',
  frame: 0,
  offset: 512,
};
const directory = { ...line, type: 'directory', size: 0, sha256: undefined };
const link = { ...directory, type: 'link', link: '../a' };

const refusal = (value: unknown) =>
  caught(() => parseIndexLine(typeof value === 'string' ? value : JSON.stringify(value)));

test('what was written is read back, whatever its name', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 200 })
    .map((bytes) =>
      Buffer.from(
        bytes.map((byte) => (byte === 0 || byte === 0x2f || byte === 0x2e ? 0x61 : byte)),
      ),
    );
  fc.assert(
    fc.property(
      name,
      name,
      fc.constantFrom('file', 'directory', 'link'),
      fc.maxSafeNat(),
      (path, target, type, number) => {
        const written: WrittenEntry = {
          path: Buffer.concat([Buffer.from('media/files/'), path]),
          type,
          ...(type === 'link' && { link: target }),
          size: type === 'file' ? number : 0,
          sha256,
          md5: 'not in the index',
          mode: number % 0o10000,
          uid: number,
          gid: number,
          mtime: '-12.000000001',
          frame: number,
          offset: number,
          changed: false,
        };
        const read = parseIndexLine(JSON.stringify(toIndexEntry(written)));
        expect(read.pathBytes.equals(written.path)).toBe(true);
        expect(read.linkBytes?.equals(target)).toBe(type === 'link' ? true : undefined);
        expect(read.sha256).toBe(type === 'file' ? sha256 : undefined);
        expect(headFacts(read)).toEqual({
          path: read.pathBytes,
          type,
          size: written.size,
          mode: written.mode,
          uid: number,
          gid: number,
          mtimeSeconds: -13,
          ...(type === 'link' && { link: read.linkBytes }),
        });
        expect(JSON.stringify(read)).not.toContain('not in the index');
      },
    ),
  );
});

test('a superseded entry says so', () => {
  expect(parseIndexLine(JSON.stringify({ ...line, superseded: true })).superseded).toBe(true);
  expect(parseIndexLine(JSON.stringify(line)).superseded).toBeUndefined();
});

describe('a line is refused', () => {
  test.each([
    ['empty', ''],
    ['no JSON', '{"path":'],
    ['null', 'null'],
    ['a number', '7'],
    ['an array', '[]'],
    ['a text', '"media/files/a"'],
    ['nested without end', '['.repeat(100_000)],
  ])('when it is %s', (_, text) => {
    const error = refusal(text);
    expect([error.code, error.message]).toEqual([
      'archive-damaged',
      'cannot understand a line of the index',
    ]);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each([
    ['an unknown field', { ...line, extra: 1 }],
    [
      'a field of another class of objects',
      JSON.stringify(line).replace('{', '{"__proto__":{"size":7},'),
    ],
    ['an unknown type', { ...line, type: 'fifo' }],
    ['a hard link', { ...line, type: 'hardlink', link: 'x' }],
    ['a negative size', { ...line, size: -1 }],
    ['a broken size', { ...line, size: 1.5 }],
    ['a size as text', { ...line, size: '5' }],
    ['a size beyond exact numbers', { ...line, size: 2 ** 53 }],
    ['a size that is no number', JSON.stringify(line).replace('"size":5', '"size":1e999')],
    ['an upper-case hash', { ...line, sha256: 'A'.repeat(64) }],
    ['a short hash', { ...line, sha256: 'a'.repeat(63) }],
    ['a mode with a file type', { ...line, mode: 0o100644 }],
    ['a negative owner', { ...line, uid: -1 }],
    ['a time without a fraction', { ...line, mtime: '1700000000' }],
    ['a time as number', { ...line, mtime: 1_700_000_000 }],
    ['a time beyond all dates', { ...line, mtime: '1000000000000000.000000000' }],
    ['a negative offset', { ...line, offset: -512 }],
    ['superseded: false', { ...line, superseded: false }],
    ['base64 that is none', { ...line, path: undefined, pathBase64: '%%%' }],
  ])('for %s', (_, value) => {
    expect(refusal(value).message).toBe('cannot understand a line of the index');
  });

  test.each([
    ['no path', { ...line, path: undefined }],
    ['two paths', { ...line, pathBase64: '/w==' }],
    ['a path that climbs', { ...line, path: 'media/../a' }],
    [
      'a path that climbs, in base64',
      {
        ...line,
        path: undefined,
        pathBase64: Buffer.from('media/../\xff', 'latin1').toString('base64'),
      },
    ],
    ['a file without hash', { ...line, sha256: undefined }],
    ['a file with a link', { ...line, link: 'x' }],
    ['a file with a link in base64', { ...line, linkBase64: '/w==' }],
    ['a directory with a hash', { ...directory, sha256 }],
    ['a directory with content', { ...directory, size: 1 }],
    ['a directory with a link', { ...directory, link: 'x' }],
    ['a link without target', { ...directory, type: 'link' }],
    ['a link with content', { ...link, size: 1 }],
    ['a link with a hash', { ...link, sha256 }],
    ['a link with two targets', { ...link, linkBase64: '/w==' }],
    ['a link to nothing', { ...link, link: '' }],
    ['a link to a name with NUL', { ...link, link: 'a\0b' }],
    ['a link longer than a system takes', { ...link, link: 'x'.repeat(4096) }],
  ])('for %s', (_, value) => {
    expect(refusal(value).code).toBe('archive-damaged');
  });

  test('but a link may lead anywhere', () => {
    for (const target of ['/etc/passwd', '../../..', 'x'.repeat(4095)]) {
      expect(parseIndexLine(JSON.stringify({ ...link, link: target })).linkBytes?.toString()).toBe(
        target,
      );
    }
  });
});
