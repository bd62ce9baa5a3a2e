// Damaged copies of a golden archive, named by defect, and what `verify` must say of each. They are committed: a mistake in a
// reader that is mirrored in the code that makes the damage would hide itself.

export interface Defect {
  readonly name: string;
  readonly exitCode: 10 | 20 | 21;
  /** Makes it from the bytes of a sound archive. */
  readonly make: (archive: Buffer) => Buffer;
}

const flip = (at: (archive: Buffer) => number) => (archive: Buffer) => {
  const copy = Buffer.from(archive);
  const place = at(copy);
  copy[place] = copy[place]! ^ 0x10;
  return copy;
};

/** The seek table: a skippable frame at the end, its size before its content. */
function seekTableStart(archive: Buffer): number {
  const frames = archive.readUInt32LE(archive.length - 9);
  const entryBytes = (archive[archive.length - 5]! & 0x80) === 0 ? 8 : 12;
  return archive.length - (8 + frames * entryBytes + 9);
}

export const defects: readonly Defect[] = [
  { name: 'empty', exitCode: 20, make: () => Buffer.alloc(0) },
  { name: 'cut-in-the-first-frame', exitCode: 20, make: (archive) => archive.subarray(0, 100) },
  {
    name: 'cut-in-the-middle',
    exitCode: 20,
    make: (archive) => archive.subarray(0, archive.length >> 1),
  },
  {
    name: 'seek-table-missing',
    exitCode: 20,
    make: (archive) => archive.subarray(0, seekTableStart(archive)),
  },
  {
    name: 'seek-table-cut',
    exitCode: 20,
    make: (archive) => archive.subarray(0, archive.length - 3),
  },
  { name: 'seek-table-bit-flipped', exitCode: 20, make: flip((archive) => archive.length - 14) },
  { name: 'first-frame-bit-flipped', exitCode: 20, make: flip(() => 40) },
  { name: 'middle-bit-flipped', exitCode: 20, make: flip((archive) => archive.length >> 1) },
  { name: 'seal-bit-flipped', exitCode: 20, make: flip((archive) => seekTableStart(archive) - 60) },
  {
    name: 'bytes-appended',
    exitCode: 20,
    make: (archive) => Buffer.concat([archive, Buffer.alloc(512)]),
  },
  { name: 'twice', exitCode: 20, make: (archive) => Buffer.concat([archive, archive]) },
  { name: 'zeros', exitCode: 20, make: (archive) => Buffer.alloc(archive.length) },
];
