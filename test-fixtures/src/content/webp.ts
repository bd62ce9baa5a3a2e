// Writes tiny valid lossless WEBP pictures of one colour: thumbnails that differ from each other, so that a mix-up shows.
// Layout: WebP lossless bitstream specification (RFC 9649, section 3).

const WIDTH = 50;
const HEIGHT = 70;

/** `colour`: 24 bits, red first. */
export function writeWebp(colour: number): Buffer {
  const bits = createBitWriter();
  bits.write(0x2f, 8);
  bits.write(WIDTH - 1, 14);
  bits.write(HEIGHT - 1, 14);
  bits.write(0, 1 + 3); // no alpha, version 0
  bits.write(0, 1 + 1 + 1); // no transform, no colour cache, one set of prefix codes
  // One symbol per prefix code takes no bits per pixel: green, red, blue, alpha.
  for (const value of [(colour >> 8) & 0xff, (colour >> 16) & 0xff, colour & 0xff, 0xff]) {
    bits.write(0b101, 3); // simple code, one symbol, of eight bits
    bits.write(value, 8);
  }
  bits.write(0b001, 3); // distance: simple code, one symbol, of one bit
  bits.write(0, 1);
  const data = bits.finish();
  const chunk = Buffer.alloc(data.length % 2 === 0 ? data.length : data.length + 1);
  chunk.set(data);
  const head = Buffer.from('RIFF____WEBPVP8L____', 'latin1');
  head.writeUInt32LE(12 + chunk.length, 4);
  head.writeUInt32LE(data.length, 16);
  return Buffer.concat([head, chunk]);
}

/** Least significant bit first. */
function createBitWriter(): { write(value: number, count: number): void; finish(): Buffer } {
  const bytes: number[] = [];
  let used = 0;
  return {
    write(value, count) {
      for (let bit = 0; bit < count; bit++, used++) {
        if (used % 8 === 0) bytes.push(0);
        const last = bytes.length - 1;
        bytes[last] = (bytes[last] ?? 0) | (((value >> bit) & 1) << (used % 8));
      }
    },
    finish: () => Buffer.from(bytes),
  };
}
