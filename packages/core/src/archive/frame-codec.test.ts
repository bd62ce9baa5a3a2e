// Frames: what goes in comes out, and nothing else does; a frame that lies about its size costs no memory.

import { execFileSync, spawnSync } from 'node:child_process';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import {
  compressFrame,
  decompressFrame,
  frameLimitBytes,
  gzipHeadBytes,
  readGzipHead,
} from './frame-codec.ts';

const codecs = ['zstd', 'gzip', 'none'] as const;
const content = Buffer.from('some content '.repeat(1000));
const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe.each(codecs)('a frame of codec %s', (codec) => {
  test('holds any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 5000 }),
      fc
        .tuple(fc.nat(255), fc.integer({ min: 1, max: 200_000 }))
        .map(([byte, length]) => new Uint8Array(length).fill(byte)),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 9 }), (each, level) => {
        const frame = compressFrame(Buffer.from(each), codec, level);
        expect(decompressFrame(frame, codec, each.length).equals(each)).toBe(true);
      }),
    );
  });

  test('is the same for the same content', () => {
    expect(
      compressFrame(content, codec, 3).equals(compressFrame(Buffer.from(content), codec, 3)),
    ).toBe(true);
  });

  test('has memory that the content does not share', () => {
    const original = Buffer.from(content);
    const frame = compressFrame(original, codec, 1);
    original.fill(0);
    expect(decompressFrame(frame, codec, content.length).equals(content)).toBe(true);
  });
});

describe.each(['zstd', 'gzip'] as const)('a frame of codec %s', (codec) => {
  const frame = compressFrame(content, codec, 1);

  test.each([
    ['one byte more', content.length + 1],
    ['one byte less', content.length - 1],
    ['nothing', 0],
    ['far more', 10 * content.length],
    ['far less', 10],
  ])('is refused when the table promises %s', (_, size) => {
    expect(caught(() => decompressFrame(frame, codec, size)).code).toBe('archive-damaged');
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['cut', frame.subarray(0, -1)],
    ['cut in its head', frame.subarray(0, 5)],
    ['something else', Buffer.from('something else')],
    ['followed by something else', Buffer.concat([frame, Buffer.from('something else')])],
    ['followed by zeros', Buffer.concat([frame, Buffer.alloc(10)])],
    ['there twice', Buffer.concat([frame, frame])],
  ])('is refused when it is %s', (_, bytes) => {
    expect(caught(() => decompressFrame(bytes, codec, content.length)).code).toBe(
      'archive-damaged',
    );
  });

  test('gives no other content after any flipped bit', () => {
    // some bits mean nothing, and one text can be compressed in several ways: then the content must be the same
    for (let place = 0; place < frame.length; place++) {
      for (let bit = 0; bit < 8; bit++) {
        const copy = Buffer.from(frame);
        copy[place]! ^= 1 << bit;
        let found: Buffer | undefined;
        try {
          found = decompressFrame(copy, codec, content.length);
        } catch (error) {
          expect((error as { code: string }).code).toBe('archive-damaged');
        }
        if (found) expect(found.equals(content)).toBe(true);
      }
    }
  });
});

describe('a bomb', () => {
  test.each([
    [1024, 'zstd', 100],
    [1024, 'zstd', 4 << 20],
    [160, 'gzip', 100],
    [160, 'gzip', 4 << 20],
  ] as const)(
    'of %i MiB in codec %s that claims %i bytes is refused without ever being in memory',
    (mebibytes, codec, size) => {
      const script = `
      import zlib from 'node:zlib';
      import { decompressFrame } from ${JSON.stringify(new URL('frame-codec.ts', import.meta.url).href)};
      const stream = zlib.${codec === 'zstd' ? 'createZstdCompress' : 'createGzip'}();
      const zeros = Buffer.alloc(16 << 20);
      for (let piece = 0; piece < ${mebibytes / 16}; piece++) stream.write(zeros);
      stream.end();
      const bomb = Buffer.concat(await stream.toArray());
      const before = process.resourceUsage().maxRSS;
      let code = 'none';
      try { decompressFrame(bomb, '${codec}', ${size}); } catch (error) { code = error.code; }
      console.log(JSON.stringify({ code, grewBytes: (process.resourceUsage().maxRSS - before) * 1024 }));
    `;
      const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
      });
      const found = JSON.parse(text) as { code: string; grewBytes: number };
      expect(found.code).toBe('archive-damaged');
      expect(found.grewBytes).toBeLessThan(64 << 20);
    },
  );

  test('is bounded by what a table may claim', () => {
    expect(frameLimitBytes).toBeLessThanOrEqual(128 << 20);
  });
});

describe('a gzip member', () => {
  const member = compressFrame(content, 'gzip', 6);

  test('says how long it is and how long its content is', () => {
    expect(readGzipHead(member.subarray(0, gzipHeadBytes))).toEqual({
      compressedSize: member.length,
      size: content.length,
    });
  });

  test('is one that others read', () => {
    expect(
      gunzipSync(Buffer.concat([member, member])).equals(Buffer.concat([content, content])),
    ).toBe(true);
  });

  test.each([
    ['another magic number', 0, 0x1e],
    ['another method', 2, 7],
    ['other flags', 3, 0],
    ['more flags', 3, 12],
    ['a time', 4, 1],
    ['a compression hint', 8, 2],
    ['another system', 9, 3],
    ['another length of extra fields', 10, 16],
    ['another subfield', 12, 0x45],
    ['another length of the subfield', 14, 4],
  ])('with %s is not ours', (_, place, byte) => {
    const head = Buffer.from(member.subarray(0, gzipHeadBytes));
    head[place] = byte;
    expect(readGzipHead(head)).toBeUndefined();
  });

  test('that is cut is not ours', () => {
    expect(readGzipHead(member.subarray(0, gzipHeadBytes - 1))).toBeUndefined();
    expect(readGzipHead(Buffer.alloc(0))).toBeUndefined();
  });

  test('made by another program is not ours', () => {
    expect(readGzipHead(gzipSync(content))).toBeUndefined();
  });
});

describe('other programs read', () => {
  const three = (codec: 'zstd' | 'gzip') =>
    Buffer.concat([1, 2, 3].map((level) => compressFrame(content, codec, level)));
  const expected = Buffer.concat([content, content, content]);

  test('zstd frames (Node)', () => {
    const frame = compressFrame(content, 'zstd', 1);
    expect(zstdDecompressSync(frame).equals(content)).toBe(true);
  });
  for (const [program, codec] of [
    ['zstd', 'zstd'],
    ['gzip', 'gzip'],
  ] as const) {
    if (!has(program)) continue;
    test(`frames one behind the other (${program})`, () => {
      expect(execFileSync(program, ['-dc'], { input: three(codec) }).equals(expected)).toBe(true);
    });
  }
});
