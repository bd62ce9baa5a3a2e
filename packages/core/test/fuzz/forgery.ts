// Forgeries: one to three things in an archive are other than any writer makes them, and every hash is right, so that the
// checks behind the hashes are reached.

import fc from 'fast-check';
import type { Assembly, Part } from '../assemble-archive.ts';

export interface Forgery {
  readonly name: string;
  readonly of: (assembly: Assembly) => Assembly;
}

const hostileNumbers = [
  -1,
  0,
  1,
  0.5,
  511,
  2 ** 31,
  2 ** 32,
  2 ** 33,
  10 * 2 ** 30,
  2 ** 53,
  1e308,
];
export const hostileValues: readonly unknown[] = [
  ...hostileNumbers,
  '',
  '1',
  '..',
  '/',
  'x'.repeat(70_000),
  '\0',
  '\ud800',
  '__proto__',
  '2026-13-45T99:99:99Z',
  null,
  true,
  [],
  {},
  [[]],
  ['database'],
  { toString: 1 },
];

/** Names that no entry may have, or that look like another's. */
export const hostileNames: readonly (string | Buffer)[] = [
  '',
  '.',
  '..',
  '/',
  '../outside',
  '/etc/outside',
  'media',
  'media/',
  'media/files/',
  'media/files/.',
  'media/files/../../outside',
  'media/files/../outside',
  'media//outside',
  'media/../../outside',
  'media/files/a/b',
  'media/files/A',
  'media/files/a\0',
  'media/files/a ',
  'media/files\\..\\outside',
  'media/other',
  'media/other/a',
  'index.jsonl',
  'seal.json',
  'README.txt',
  'manifest.json',
  'else',
  'media/files/\u00e4',
  'media/files/a\u0308',
  'media/files/FOLDER',
  'media/files/folder/B',
  'database/tables/papers/000009.copy',
  'database/tables/../../outside',
  'database/schema.json',
  `media/files/${'x'.repeat(256)}`,
  `media/files/${'x/'.repeat(2100)}x`,
  `media/files/${'y'.repeat(250)}/${'z'.repeat(250)}`,
  Buffer.from('media/files/\xff\xfe', 'latin1'),
];

const hostileTargets = [
  '',
  '/',
  '..',
  '../../outside',
  '/etc/passwd',
  '.',
  'a',
  'x'.repeat(4096),
  'folder',
  '\0',
];

const pick = fc.nat(10_000);
const types = fc.constantFrom('file', 'directory', 'link');

function onPart(name: string, change: (part: Part) => Part, index: number): Forgery {
  return {
    name: `${name}, part ${index}`,
    of: (assembly) => {
      const parts = assembly.parts ?? [];
      const at = index % parts.length;
      return { ...assembly, parts: parts.with(at, change(parts[at]!)) };
    },
  };
}

const rename = fc
  .tuple(pick, fc.constantFrom(...hostileNames))
  .map(([index, path]) =>
    onPart(`named '${path.toString().slice(0, 60)}'`, (part) => ({ ...part, path }), index),
  );

const retype = fc
  .tuple(pick, types, fc.constantFrom(...hostileTargets))
  .map(([index, type, link]) =>
    onPart(
      `of type ${type}`,
      (part) => ({
        path: part.path,
        type,
        ...(part.content !== undefined && { content: part.content }),
        ...(type === 'link' && { link }),
      }),
      index,
    ),
  );

const relink = fc
  .tuple(pick, fc.constantFrom(...hostileTargets))
  .map(([index, link]) =>
    onPart(
      `leads to '${link.slice(0, 60)}'`,
      (part) => ({ ...part, type: 'link', content: '', link }),
      index,
    ),
  );

const fields = [
  'path',
  'type',
  'size',
  'sha256',
  'link',
  'mode',
  'uid',
  'gid',
  'mtime',
  'frame',
  'offset',
  'superseded',
  'pathBase64',
];
const lineField = fc
  .tuple(
    pick,
    fc.constantFrom(...fields),
    fc.constantFrom<unknown>(...hostileValues, '9999999999999.000000000', '-1.000000000', 0o7777),
  )
  .map(([index, field, value]) =>
    onPart(
      `index line says ${field} ${shown(value)}`,
      (part) => ({ ...part, line: { ...part.line, [field]: value } }),
      index,
    ),
  );

const head = fc
  .tuple(
    pick,
    fc.nat(511),
    fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x33, 0x34, 0x36, 0x80, 0xff)),
  )
  .map(([index, offset, byte]) =>
    onPart(
      `head with ${byte} at ${offset}`,
      (part) => ({ ...part, head: (right) => withByte(right, offset, byte) }),
      index,
    ),
  );

/** Block and character devices, fifos, hard links, and sizes in GNU's binary form. */
const device = fc
  .tuple(pick, fc.constantFrom('1', '3', '4', '5', '6', '7', 'L', 'x', 'g'))
  .map(([index, flag]) =>
    onPart(
      `head of type ${flag}`,
      (part) => ({ ...part, head: (right) => withSum(withByte(right, 156, flag.charCodeAt(0))) }),
      index,
    ),
  );
const giant = fc.tuple(pick, fc.constantFrom(10 * 2 ** 30, 2 ** 53 - 1)).map(([index, size]) =>
  onPart(
    `claims ${size} bytes`,
    (part) => ({
      ...part,
      line: { ...part.line, size },
      head: (right) => withSum(withSize(right, size)),
    }),
    index,
  ),
);

const padding = pick.map((index) =>
  onPart('with something behind it', (part) => ({ ...part, padding: Buffer.alloc(512, 1) }), index),
);

const otherContent = fc
  .tuple(pick, pick, fc.uint8Array({ maxLength: 12 }))
  .map(([index, where, bytes]) =>
    onPart(
      `with ${Buffer.from(bytes).toString('hex')} at ${where}`,
      (part) => {
        const whole = Buffer.from(part.content ?? '');
        const from = whole.length === 0 ? 0 : where % whole.length;
        return part.type === 'file'
          ? {
              ...part,
              content: Buffer.concat([
                whole.subarray(0, from),
                bytes,
                whole.subarray(from + bytes.length),
              ]),
            }
          : part;
      },
      index,
    ),
  );

/** Rows as text: escapes, NULs, field and row ends where none belong. */
const copyPieces = [
  '\\N',
  '\\',
  '\\x',
  '\t',
  '\n',
  '\r',
  '\\.',
  '\\.\n',
  '\0',
  '\xff',
  '1e999',
  '\\u0000',
  '',
];
const rows = fc
  .tuple(pick, pick, fc.constantFrom(...copyPieces))
  .map(([index, where, piece]): Forgery => ({
    name: `rows with ${JSON.stringify(piece)} at ${where}, chunk ${index}`,
    of: (assembly) => {
      const parts = assembly.parts ?? [];
      const chunks = parts.filter(({ path }) => path.toString().endsWith('.copy'));
      const chunk = chunks[index % Math.max(1, chunks.length)];
      if (!chunk) return assembly;
      const whole = Buffer.from(chunk.content ?? '');
      const from = whole.length === 0 ? 0 : where % whole.length;
      const changed = Buffer.concat([
        whole.subarray(0, from),
        Buffer.from(piece, 'latin1'),
        whole.subarray(from),
      ]);
      return {
        ...assembly,
        parts: parts.map((part) => (part === chunk ? { ...part, content: changed } : part)),
      };
    },
  }));

const order = fc
  .tuple(fc.constantFrom('twice', 'gone', 'moved', 'not listed'), pick, pick)
  .map(([what, one, two]): Forgery => ({
    name: `part ${one} ${what} (${two})`,
    of: (assembly) => ({ ...assembly, parts: reordered(assembly.parts ?? [], what, one, two) }),
  }));

function reordered(
  parts: readonly Part[],
  what: string,
  one: number,
  two: number,
): readonly Part[] {
  const [first, second] = [one % parts.length, two % parts.length];
  const part = parts[first]!;
  if (what === 'twice') return parts.toSpliced(second, 0, part);
  if (what === 'gone') return parts.toSpliced(first, 1);
  if (what === 'not listed') return parts.with(first, { ...part, line: null });
  return parts.toSpliced(first, 1).toSpliced(second, 0, part);
}

/** The classic: a link, and something that would be written through it. */
const through = fc
  .tuple(fc.constantFrom(...hostileTargets), fc.constantFrom('link', 'directory'))
  .map(([link, second]): Forgery => ({
    name: `a file through a link to '${link.slice(0, 60)}', then a ${second}`,
    of: (assembly) => ({
      ...assembly,
      parts: [
        ...(assembly.parts ?? []),
        { path: 'media/files/way', type: 'link', link },
        ...(second === 'directory'
          ? [{ path: 'media/files/way', type: 'directory' } as const]
          : []),
        { path: 'media/files/way/outside', content: 'outside' },
      ],
    }),
  }));

/** Another value somewhere in a JSON document; how deep and where, the numbers say. */
const json = fc
  .tuple(
    fc.constantFrom('manifest.json', 'database/schema.json', 'catalogue/documents.jsonl'),
    fc.array(pick, { minLength: 1, maxLength: 5 }),
    fc.constantFrom(...hostileValues),
  )
  .map(([path, way, value]): Forgery => ({
    name: `${path} with ${shown(value)} at ${way.join()}`,
    of: (assembly) => ({
      ...assembly,
      parts: (assembly.parts ?? []).map((part) =>
        part.path.toString() === path
          ? { ...part, content: jsonWith(part.content ?? '', way, value) }
          : part,
      ),
    }),
  }));

const seal = fc
  .tuple(fc.array(pick, { minLength: 1, maxLength: 4 }), fc.constantFrom(...hostileValues))
  .map(([way, value]): Forgery => ({
    name: `seal with ${shown(value)} at ${way.join()}`,
    of: (assembly) => ({
      ...assembly,
      seal: (made) => withValue(assembly.seal?.(made) ?? made, way, value),
    }),
  }));

const stray = fc
  .tuple(
    fc.constantFrom('beforeIndex', 'beforeSeal', 'end', 'indexPadding'),
    fc.constantFrom(0, 512, 1024, 1536, 3),
  )
  .map(([where, length]): Forgery => ({
    name: `${length} bytes at ${where}`,
    of: (assembly) => ({ ...assembly, [where]: Buffer.alloc(length) }),
  }));

const codec = fc.constantFrom('zstd', 'gzip', 'none').map((name): Forgery => ({
  name,
  of: (assembly) => ({ ...assembly, codec: name }),
}));

export const forgeries: fc.Arbitrary<readonly Forgery[]> = fc.array(
  fc.oneof(
    rename,
    retype,
    relink,
    lineField,
    head,
    device,
    giant,
    padding,
    otherContent,
    rows,
    order,
    through,
    json,
    seal,
    stray,
    codec,
  ),
  { minLength: 1, maxLength: 3 },
);

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 40);

function withByte(bytes: Buffer, offset: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] = byte;
  return copy;
}

function withSize(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0, 124, 136);
  copy.writeBigUInt64BE(BigInt(size), 128);
  copy[124] = 0x80;
  return copy;
}

/** The checksum of a tar head made right. */
function withSum(bytes: Buffer): Buffer {
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

function jsonWith(content: string | Buffer, way: readonly number[], value: unknown): string {
  try {
    return JSON.stringify(withValue(JSON.parse(content.toString()), way, value)) ?? 'null';
  } catch {
    return content.toString();
  }
}

/** A copy with another value at the place to which the numbers lead. */
export function withValue(whole: unknown, way: readonly number[], value: unknown): unknown {
  const [first, ...rest] = way;
  if (first === undefined || typeof whole !== 'object' || whole === null) return value;
  const keys = Object.keys(whole);
  if (keys.length === 0) return value;
  const key = keys[first % keys.length]!;
  const inner = withValue((whole as Record<string, unknown>)[key], rest, value);
  return Array.isArray(whole) ? whole.with(Number(key), inner) : { ...whole, [key]: inner };
}
