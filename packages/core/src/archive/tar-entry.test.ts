// Heads as other programs read them: the `tar` package's parser, and the system's tar where there is one.

import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Header } from 'tar/header';
import { Parser } from 'tar';
import type { ReadEntry } from 'tar';
import { describe, expect, test } from 'vitest';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import {
  blockBytes,
  encodeHead,
  endOfArchiveBytes,
  headBytes,
  paddedBytes,
  writeHead,
} from './tar-entry.ts';
import type { EntryFacts } from './tar-entry.ts';

const hasTar = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU tar');
const end = Buffer.alloc(endOfArchiveBytes);

function factsOf(path: string | Buffer, more: Partial<EntryFacts> = {}): EntryFacts {
  return {
    path: Buffer.from(path),
    type: 'file',
    size: 0,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: 1_700_000_000,
    ...more,
  };
}

/** What the `tar` package makes of one head; the content, if any, does not have to be there. */
function parsed(facts: EntryFacts): ReadEntry {
  const found: ReadEntry[] = [];
  const parser = new Parser({ strict: true, onReadEntry: (entry) => void found.push(entry) });
  parser.write(encodeHead(facts));
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** Name of `length` bytes with a slash in it. */
const nameOf = (length: number) => `media/${'x'.repeat(length - 6)}`;

describe('a head read by the tar package', () => {
  test.each([7, 99, 100, 101, 155, 255, 256, 1000, 4096])('has the name of %i bytes', (length) => {
    const entry = parsed(factsOf(nameOf(length)));
    expect(entry.path).toBe(nameOf(length));
    expect(entry.type).toBe('File');
  });

  test.each([98, 99, 100, 101, 300])(
    'has the directory of %i bytes with a slash behind it',
    (length) => {
      const entry = parsed(factsOf(nameOf(length), { type: 'directory', mode: 0o755 }));
      expect(entry.path).toBe(`${nameOf(length)}/`);
      expect(entry.type).toBe('Directory');
    },
  );

  test.each([1, 100, 101, 4095])('has the link with a target of %i bytes', (length) => {
    const entry = parsed(
      factsOf('tree/link', { type: 'link', link: Buffer.alloc(length, '../a') }),
    );
    expect(entry.linkpath).toBe(Buffer.alloc(length, '../a').toString());
    expect(entry.path).toBe('tree/link');
    expect(entry.type).toBe('SymbolicLink');
  });

  test('has a long name and a long target at once', () => {
    const link = Buffer.alloc(500, 'up/');
    const entry = parsed(factsOf(nameOf(500), { type: 'link', link }));
    expect([entry.path, entry.linkpath]).toEqual([nameOf(500), link.toString()]);
  });

  test('has names beyond ASCII, short and long', () => {
    const name = `media/${'Größe '.repeat(30)}.pdf`;
    expect(parsed(factsOf(name)).path).toBe(name);
    expect(parsed(factsOf('media/Größe.pdf')).path).toBe('media/Größe.pdf');
  });

  test.each([0, 1, 2 ** 21 - 1, 2 ** 21, 2 ** 31, 2 ** 32 - 2])('has owner and group %i', (id) => {
    const entry = parsed(factsOf('media/x', { uid: id, gid: id }));
    expect([entry.uid, entry.gid]).toEqual([id, id]);
  });

  test.each([0, 1, 511, 512, 8 * 2 ** 30 - 1, 8 * 2 ** 30, 2 ** 45, Number.MAX_SAFE_INTEGER])(
    'has the size %i',
    (size) => {
      expect(parsed(factsOf('media/x', { size })).size).toBe(size);
    },
  );

  test.each([0, 1, -1, -86_400, -(2 ** 33), 8 * 2 ** 30 - 1, 8 * 2 ** 30, 253_402_300_799])(
    'has the time %i',
    (mtimeSeconds) => {
      expect(parsed(factsOf('media/x', { mtimeSeconds })).mtime?.getTime()).toBe(
        mtimeSeconds * 1000,
      );
    },
  );

  test.each([0, 0o644, 0o7777])('has the mode %i', (mode) => {
    expect(parsed(factsOf('media/x', { mode })).mode).toBe(mode);
  });

  test('has a right checksum whatever it says', () => {
    fc.assert(
      fc.property(
        fc
          .uint8Array({ minLength: 1, maxLength: 100 })
          .filter((name) => !name.includes(0) && name.at(-1) !== 0x2f),
        fc.record({
          size: fc.maxSafeNat(),
          mode: fc.integer({ min: 0, max: 0o7777 }),
          uid: fc.maxSafeNat(),
          gid: fc.maxSafeNat(),
        }),
        fc.integer({ min: -(2 ** 36), max: 2 ** 36 }),
        (name, numbers, mtimeSeconds) => {
          const head = encodeHead(factsOf(Buffer.from(name), { ...numbers, mtimeSeconds }));
          const header = new Header(head);
          expect(header.cksumValid).toBe(true);
          expect(head.subarray(0, name.length).equals(Buffer.from(name))).toBe(true);
          expect({
            size: header.size,
            mode: header.mode,
            uid: header.uid,
            gid: header.gid,
          }).toEqual(numbers);
        },
      ),
    );
  });
});

describe('a head', () => {
  test('is as long as was said before it is written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1200 }),
        fc.constantFrom('file', 'directory', 'link'),
        fc.integer({ min: 1, max: 1200 }),
        (length, type, linkLength) => {
          const link = type === 'link' ? { link: Buffer.alloc(linkLength, 'l') } : {};
          const facts = factsOf(Buffer.alloc(length, 'n'), { type, ...link });
          const head = encodeHead(facts);
          expect(headBytes(facts)).toBe(head.length);
          expect(head.length % blockBytes).toBe(0);
        },
      ),
    );
  });

  test('is one block as long as the name fits its field, and three when not', () => {
    expect(headBytes(factsOf(nameOf(100)))).toBe(blockBytes);
    expect(headBytes(factsOf(nameOf(101)))).toBe(3 * blockBytes);
    expect(headBytes(factsOf(nameOf(99), { type: 'directory' }))).toBe(blockBytes);
    expect(headBytes(factsOf(nameOf(100), { type: 'directory' }))).toBe(3 * blockBytes);
  });

  test('is the same wherever it is written, whatever was there before', () => {
    for (const facts of [
      factsOf('media/x'),
      factsOf(nameOf(300), { type: 'link', link: Buffer.alloc(200, 'a') }),
    ]) {
      const target = Buffer.alloc(8192, 0xff);
      const length = writeHead(target, 1000, facts);
      expect(target.subarray(1000, 1000 + length).equals(encodeHead(facts))).toBe(true);
      expect(target.subarray(0, 1000).every((byte) => byte === 0xff)).toBe(true);
      expect(target.subarray(1000 + length).every((byte) => byte === 0xff)).toBe(true);
    }
  });

  test('counts the digits of its own length in a long name', () => {
    // around 99/100 and 999/1000 bytes the length gains a digit by counting itself
    for (let length = 80; length < 1100; length++) {
      const head = encodeHead(factsOf(Buffer.alloc(length, 'n')));
      if (length <= 100) continue;
      const record = head
        .toString('latin1', blockBytes, head.length - blockBytes)
        .replaceAll('\0', '');
      expect(record.length).toBe(Number.parseInt(record, 10));
      expect(record.endsWith(`path=${'n'.repeat(length)}\n`)).toBe(true);
    }
  });

  test('carries names that are no UTF-8 byte for byte', () => {
    const short = Buffer.from('media/\xe4\xf6\xff', 'latin1');
    expect(encodeHead(factsOf(short)).subarray(0, short.length).equals(short)).toBe(true);
    const long = Buffer.concat([Buffer.from('media/'), Buffer.alloc(200, 0xe4)]);
    expect(
      encodeHead(factsOf(long)).includes(
        Buffer.concat([Buffer.from('path='), long, Buffer.from('\n')]),
      ),
    ).toBe(true);
  });
});

test.each([
  [0, 0],
  [1, 512],
  [511, 512],
  [512, 512],
  [513, 1024],
  [2 ** 40 + 1, 2 ** 40 + 512],
])('content of %i bytes takes %i', (size, padded) => {
  expect(paddedBytes(size)).toBe(padded);
});

// where there is no GNU tar, nothing is registered: the parser above has read the same heads
if (hasTar) {
  describe('the tar of the system', () => {
    test('lists sizes, owners, times and links as they were written', () => {
      const archive = join(scratchDirectory(), 'heads.tar');
      const facts = [
        factsOf('media/early', { mtimeSeconds: -86_400, uid: 2 ** 21, gid: 2 ** 31 }),
        factsOf('media/late', { mtimeSeconds: 8 * 2 ** 30 }),
        factsOf(nameOf(300), { mode: 0o600 }),
        factsOf('media/link', { type: 'link', link: Buffer.alloc(150, 'to/') }),
        factsOf('media/directory', { type: 'directory', mode: 0o2755 }),
      ];
      writeFileSync(archive, Buffer.concat([...facts.map(encodeHead), end]));
      const listed = execFileSync(
        'tar',
        ['--utc', '--full-time', '--numeric-owner', '-tvf', archive],
        {
          encoding: 'utf8',
        },
      );
      expect(listed).toContain('1969-12-31');
      expect(listed).toContain('2242-03-16');
      expect(listed).toContain(`${2 ** 21}/${2 ** 31}`);
      expect(listed).toContain(nameOf(300));
      expect(listed).toContain(`media/link -> ${Buffer.alloc(150, 'to/').toString()}`);
      expect(listed).toMatch(/^drwxr-sr-x .* media\/directory\/$/m);
      expect(listed.trim().split('\n')).toHaveLength(facts.length);
    });

    test('lists a size beyond 8 GiB', () => {
      const archive = join(scratchDirectory(), 'large.tar');
      writeFileSync(archive, encodeHead(factsOf('media/large', { size: 9 * 2 ** 30 })));
      const { stdout } = spawnSync('tar', ['-tvf', archive], { encoding: 'utf8' });
      expect(stdout).toContain(String(9 * 2 ** 30));
    });

    test('extracts names byte for byte', () => {
      const directory = scratchDirectory();
      const odd = Buffer.from('\xe4\xf6\xfc', 'latin1');
      const longOdd = Buffer.alloc(150, 0xe9);
      const content = Buffer.alloc(blockBytes, 'x');
      const file = (name: Buffer) =>
        Buffer.concat([encodeHead(factsOf(name, { size: blockBytes })), content]);
      const link = encodeHead(factsOf('link', { type: 'link', link: longOdd }));
      writeFileSync(join(directory, 'a.tar'), Buffer.concat([file(odd), file(longOdd), link, end]));
      mkdirSync(join(directory, 'out'));
      execFileSync('tar', ['-xf', join(directory, 'a.tar'), '-C', join(directory, 'out')]);
      const names = readdirSync(join(directory, 'out'), { encoding: 'buffer' }).map((name) =>
        name.toString('latin1'),
      );
      expect(names.toSorted()).toEqual(
        [odd, longOdd]
          .map((name) => name.toString('latin1'))
          .concat('link')
          .toSorted(),
      );
      expect(
        readlinkSync(join(directory, 'out', 'link'), { encoding: 'buffer' }).equals(longOdd),
      ).toBe(true);
      expect(lstatSync(Buffer.concat([Buffer.from(`${directory}/out/`), odd])).size).toBe(
        blockBytes,
      );
    });
  });
}
