// Damage as disks, networks and people make it: bytes change, go, come twice, or come from another archive; frames are
// repeated, exchanged, packed anew, with a seek table that fits. No hash is repaired, so what is accepted must be the original.

import fc from 'fast-check';
import { readGzipHead } from '../../src/archive/frame-codec.ts';
import { FrameTable, decodeSeekTable, seekTableLength } from '../../src/archive/frame-table.ts';

export interface Damage {
  readonly name: string;
  readonly of: (whole: Buffer, other: Buffer) => Buffer;
}

/** A place between 0 and 1; the ends, where seal and seek table lie, come often. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0.9, max: 1, noNaN: true }),
  fc.constantFrom(0, 1),
);

const at = (bytes: Buffer, where: number): number =>
  Math.min(bytes.length - 1, Math.floor(where * bytes.length));

const hostileWords = [
  0, 1, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_ff, 0x18_4d_2a_5e, 0xfd_2f_b5_28,
];

const flip = fc.tuple(place, fc.nat(7)).map(([where, bit]): Damage => ({
  name: `bit ${bit} at ${where} flipped`,
  of: (whole) => changed(whole, (bytes) => (bytes[at(bytes, where)]! ^= 1 << bit)),
}));

const word = fc.tuple(place, fc.constantFrom(...hostileWords)).map(([where, value]): Damage => ({
  name: `${value} written at ${where}`,
  of: (whole) =>
    changed(whole, (bytes) =>
      bytes.writeUInt32LE(value, Math.min(at(bytes, where), bytes.length - 4)),
    ),
}));

const cut = place.map((where): Damage => ({
  name: `cut at ${where}`,
  of: (whole) => whole.subarray(0, at(whole, where)),
}));

const hole = fc.tuple(place, fc.integer({ min: 1, max: 5000 })).map(([where, length]): Damage => ({
  name: `${length} bytes gone at ${where}`,
  of: (whole) =>
    Buffer.concat([whole.subarray(0, at(whole, where)), whole.subarray(at(whole, where) + length)]),
}));

const zeros = fc.tuple(place, fc.integer({ min: 1, max: 5000 })).map(([where, length]): Damage => ({
  name: `${length} zeros at ${where}`,
  of: (whole) =>
    changed(whole, (bytes) => bytes.subarray(at(bytes, where), at(bytes, where) + length).fill(0)),
}));

const twice = fc.tuple(place, fc.integer({ min: 1, max: 5000 })).map(([where, length]): Damage => ({
  name: `${length} bytes at ${where} twice`,
  of: (whole) => {
    const end = Math.min(whole.length, at(whole, where) + length);
    return Buffer.concat([whole.subarray(0, end), whole.subarray(at(whole, where))]);
  },
}));

const splice = fc.tuple(place, place).map(([first, second]): Damage => ({
  name: `${first} of it, and another one from ${second}`,
  of: (whole, other) =>
    Buffer.concat([whole.subarray(0, at(whole, first)), other.subarray(at(other, second))]),
}));

type Frames = readonly { readonly bytes: Buffer; readonly size: number }[];

const number = fc.nat(1000);
const frameWork = fc
  .constantFrom('repeat', 'exchange', 'drop', 'of another', 'behind all')
  .chain((what) =>
    fc.tuple(number, number).map(([first, second]): Damage => ({
      name: `frames ${first} and ${second}: ${what}`,
      of: (whole, other) =>
        withFrames(whole, (frames) => reworked(frames, framesOf(other), what, first, second)),
    })),
  );

function reworked(
  frames: Frames,
  others: Frames,
  what: string,
  first: number,
  second: number,
): Frames {
  const [one, two] = [first % frames.length, second % frames.length];
  const foreign = others[second % Math.max(1, others.length)] ?? frames[two]!;
  if (what === 'repeat') return frames.toSpliced(one, 0, frames[two]!);
  if (what === 'exchange') return frames.with(one, frames[two]!).with(two, frames[one]!);
  if (what === 'drop') return frames.toSpliced(one, 1);
  if (what === 'of another') return frames.with(one, foreign);
  return [...frames, ...others];
}

/** One to three of them, one after the other. */
export const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.oneof(flip, word, cut, hole, zeros, twice, splice, { arbitrary: frameWork, weight: 3 }),
  { minLength: 1, maxLength: 3 },
);

function changed(whole: Buffer, change: (bytes: Buffer) => unknown): Buffer {
  const bytes = Buffer.from(whole);
  if (bytes.length >= 4) change(bytes);
  return bytes;
}

/** The frames of an archive; none when it is so damaged that nobody finds them. */
function framesOf(whole: Buffer): Frames {
  if (whole.length < 18) return [];
  return whole.readUInt16BE(0) === 0x1f8b ? gzipMembers(whole) : zstdFrames(whole);
}

function zstdFrames(whole: Buffer): Frames {
  const length = seekTableLength(whole.subarray(-9));
  if (length === undefined || length > whole.length) return [];
  try {
    const table = decodeSeekTable(whole.subarray(-length), whole.length - length);
    return [...table.covering(0, table.contentBytes)].map(
      ({ fileOffset, compressedSize, size }) => ({
        bytes: whole.subarray(fileOffset, fileOffset + compressedSize),
        size,
      }),
    );
  } catch {
    return [];
  }
}

function gzipMembers(whole: Buffer): Frames {
  const members = [];
  for (let from = 0; from < whole.length;) {
    const head = readGzipHead(whole.subarray(from, from + 24));
    if (!head || head.compressedSize === 0) return [];
    members.push({ bytes: whole.subarray(from, from + head.compressedSize), size: head.size });
    from += head.compressedSize;
  }
  return members;
}

function withFrames(whole: Buffer, work: (frames: Frames) => Frames): Buffer {
  const frames = framesOf(whole);
  if (frames.length === 0) return whole;
  const done = work(frames);
  const bytes = done.map((frame) => frame.bytes);
  if (whole.readUInt16BE(0) === 0x1f8b) return Buffer.concat(bytes);
  const table = new FrameTable();
  for (const frame of done) table.add(frame.bytes.length, frame.size);
  return Buffer.concat([...bytes, table.encodeSeekTable()]);
}
