// The text of `seal.json`. Its last property is the SHA-256 of the text without that property: nothing lies behind the seal that
// could vouch for it, and an uncompressed archive has no checksums of frames.

import { createHash } from 'node:crypto';
import type { Seal } from './schema.ts';

/** The text of a seal, with its hash. */
export function sealText(seal: Omit<Seal, 'contentSha256'>): string {
  const text = JSON.stringify(seal, null, 1);
  const contentSha256 = createHash('sha256').update(text).digest('hex');
  return `${JSON.stringify({ ...seal, contentSha256 }, null, 1)}\n`;
}

/** True when the text is exactly what {@link sealText} writes for the object that was parsed from it. */
export function isSealText(text: string, parsed: unknown): boolean {
  if (typeof parsed !== 'object' || parsed === null) return false;
  const { contentSha256: _, ...rest } = parsed as Seal;
  return sealText(rest) === text;
}
