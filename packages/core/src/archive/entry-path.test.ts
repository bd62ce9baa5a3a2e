// Names are bytes, whatever bytes; paths from an archive are let through only when they stay inside on every system.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import {
  assertEntryPath,
  entryLink,
  entryPath,
  linkFields,
  parentPath,
  pathFields,
  showPath,
  splitPath,
} from './entry-path.ts';

const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const overJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('names in JSON', () => {
  test('come back byte for byte, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyBytes,
          fc.string({ unit: 'binary', minLength: 1 }).map((text) => Buffer.from(text)),
        ),
        (name) => {
          expect(entryPath(overJson(pathFields(name))).equals(name)).toBe(true);
          expect(entryLink(overJson(linkFields(name))).equals(name)).toBe(true);
        },
      ),
    );
  });

  test('are text when they are UTF-8, never normalised, and base64 when not', () => {
    expect(pathFields(Buffer.from('a\u0308'))).toEqual({ path: 'a\u0308' });
    expect(pathFields(Buffer.from('ä', 'latin1'))).toEqual({ pathBase64: '5A==' });
    expect(linkFields(Buffer.from('../a'))).toEqual({ link: '../a' });
    expect(linkFields(Buffer.from([0xff]))).toEqual({ linkBase64: '/w==' });
  });

  test.each([
    ['neither form', {}],
    ['both forms', { path: 'media/a', pathBase64: '/w==' }],
    ['base64 of valid UTF-8', { pathBase64: Buffer.from('media/a').toString('base64') }],
    ['base64 of nothing', { pathBase64: '' }],
    ['base64 without padding', { pathBase64: '/w' }],
    ['base64 with bits behind its end', { pathBase64: '/x==' }],
    ['base64 of the URL alphabet', { pathBase64: '_w==' }],
    ['base64 with a space', { pathBase64: '/ w==' }],
    ['a lone high surrogate', overJson({ path: 'media/\ud800' })],
    ['a lone low surrogate', overJson({ path: 'media/\udc00x' })],
  ])('are refused as %s', (_, fields) => {
    expect(caught(() => entryPath(fields)).code).toBe('archive-damaged');
  });

  test('of links are refused in the same forms, and the message says which field', () => {
    expect(caught(() => entryLink({})).message).toBe('an index line has not exactly one link');
    expect(caught(() => entryLink({ link: '\ud800' })).message).toContain('spells its link');
    expect(caught(() => entryPath({})).message).toBe('an index line has not exactly one path');
  });
});

describe('a path from an archive', () => {
  test.each([
    'README.txt',
    'manifest.json',
    'index.jsonl',
    'seal.json',
    'media',
    'media/files',
    'media/files/a/b/c',
    'database/schema.json',
    'catalogue/documents.jsonl',
    'tree/no owner/x.pdf',
    'media/files/...',
    'media/files/..a',
    'media/files/a..',
    'media/files/.hidden',
    'media/files/ ',
    `media/${'x'.repeat(255)}`,
    `media/${'x/'.repeat(2044)}yy`,
  ])('is let through: %.40s', (path) => {
    expect(() => assertEntryPath(Buffer.from(path))).not.toThrow();
  });

  test.each([
    ['empty', '', 'length'],
    ['too long', `media/${'x/'.repeat(2045)}y`, 'length'],
    ['too long by far', 'x'.repeat(10_000), 'length'],
    ['with NUL', 'media/files/a\0b', 'NUL'],
    ['absolute', '/etc/passwd', 'empty part'],
    ['absolute below a known name', '/media/files/a', 'empty part'],
    ['with an empty part', 'media//a', 'empty part'],
    ['with a slash at its end', 'media/files/', 'empty part'],
    ['a slash', '/', 'empty part'],
    ['with a part that is too long', `media/${'x'.repeat(256)}`, 'part too long'],
    ['dot', '.', 'dots'],
    ['dot dot', '..', 'dots'],
    ['climbing out', 'media/../../etc/passwd', 'dots'],
    ['climbing at its end', 'media/files/..', 'dots'],
    ['with a dot inside', 'media/./files', 'dots'],
    ['beginning with dot', './media/files', 'dots'],
    ['below an unknown folder', 'etc/passwd', 'unknown place'],
    ['an unknown name', 'passwd', 'unknown place'],
    ['below a file of ours', 'manifest.json/a', 'unknown place'],
    ['a folder in another case', 'Media/files', 'unknown place'],
    ['a folder with a space', 'media /files', 'unknown place'],
  ])('is refused when it is %s', (_, path, why) => {
    const error = caught(() => assertEntryPath(Buffer.from(path)));
    expect(error.code).toBe('archive-damaged');
    expect(error.message).toContain(`(${why})`);
  });

  test('of bytes that are no UTF-8 is judged by its bytes', () => {
    expect(() => assertEntryPath(Buffer.from('media/\xff\xfe', 'latin1'))).not.toThrow();
    expect(caught(() => assertEntryPath(Buffer.from('media/\xff/../x', 'latin1'))).code).toBe(
      'archive-damaged',
    );
    expect(caught(() => assertEntryPath(Buffer.from('medi\xe4/x', 'latin1'))).code).toBe(
      'archive-damaged',
    );
  });

  test('that is let through stays below its folder, whatever it is', () => {
    const part = fc.oneof(
      fc.constantFrom('', '.', '..', '...', 'media', 'tree', 'README.txt', 'a\0', '/'),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const path = parts.join('/');
        let letThrough = true;
        try {
          assertEntryPath(Buffer.from(path));
        } catch {
          letThrough = false;
        }
        if (!letThrough) return;
        const inside = new URL(path.split('/').map(encodeURIComponent).join('/'), 'file:///target/')
          .pathname;
        expect(inside.startsWith('/target/')).toBe(true);
        expect(inside.split('/').length).toBe(path.split('/').length + 2);
        expect(path).not.toContain('\0');
      }),
      { numRuns: 500 },
    );
  });
});

describe('parts', () => {
  test('are what lies between slashes, also nothing', () => {
    const text = (path: string) => splitPath(Buffer.from(path)).map(String);
    expect(text('a')).toEqual(['a']);
    expect(text('a/b/c')).toEqual(['a', 'b', 'c']);
    expect(text('/a//')).toEqual(['', 'a', '', '']);
    expect(text('')).toEqual(['']);
  });

  test('make the path again', () => {
    fc.assert(
      fc.property(anyBytes, (path) => {
        const joined = splitPath(path).flatMap((part, number) =>
          number === 0 ? [part] : [Buffer.from('/'), part],
        );
        expect(Buffer.concat(joined).equals(path)).toBe(true);
      }),
    );
  });

  test('but the last are the parent', () => {
    expect(parentPath(Buffer.from('media/files/a'))?.toString()).toBe('media/files');
    expect(parentPath(Buffer.from('media'))).toBeUndefined();
  });
});

test('messages show broken bytes as U+FFFD', () => {
  expect(showPath(Buffer.from('media/\xe4', 'latin1'))).toBe('media/\ufffd');
});
