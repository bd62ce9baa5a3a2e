// Writes ZIP archives with stored members (APPNOTE 4.3): what a share link bundle is on disk.

import { crc32 } from 'node:zlib';

export interface ZipMember {
  name: string;
  data: Buffer;
}

const UTF8_NAME = 0x0800;
/** 2026-10-01 08:00 in the format of MS-DOS. */
const MOMENT = { time: 8 << 11, date: ((2026 - 1980) << 9) | (10 << 5) | 1 };

/** The finished archive; times are fixed. */
export function writeZip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const name = Buffer.from(member.name, 'utf8');
    const facts = describe(member, name);
    const local = Buffer.concat([Buffer.from('504b03041400', 'hex'), facts, name, member.data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('504b010214001400', 'hex'), facts, tail, name);
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

/** The 24 bytes that the local header and the central directory share: flags to length of the extra field. */
function describe(member: ZipMember, name: Buffer): Buffer {
  const facts = Buffer.alloc(24);
  facts.writeUInt16LE(UTF8_NAME, 0);
  facts.writeUInt16LE(MOMENT.time, 4);
  facts.writeUInt16LE(MOMENT.date, 6);
  facts.writeUInt32LE(crc32(member.data), 8);
  facts.writeUInt32LE(member.data.length, 12);
  facts.writeUInt32LE(member.data.length, 16);
  facts.writeUInt16LE(name.length, 20);
  return facts;
}
