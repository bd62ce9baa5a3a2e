// The seal vouches for itself: any other text is no seal, also where nothing else has a checksum.

import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembleArchive, sealFor, sha256, verdictOn } from '../../test/assemble-archive.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { isSealText, sealText } from './seal-text.ts';

const place = { frame: 0, offset: 0, size: 0, sha256: sha256(''), entries: 0 };
const seal = sealFor(sha256(''), place);
const text = sealText(seal);
const isIt = (changed: string) => isSealText(changed, JSON.parse(changed));

describe('the text of a seal', () => {
  test('is one, and ends with the hash of all before it', () => {
    expect(isIt(text)).toBe(true);
    expect(
      text.endsWith(`,\n "contentSha256": "${sha256(JSON.stringify(seal, null, 1))}"\n}\n`),
    ).toBe(true);
  });

  test.each([
    ['without its hash', `${JSON.stringify(seal, null, 1)}\n`],
    ['with another hash', text.replace(/"[0-9a-f]{64}"\n\}\n$/, `"${'0'.repeat(64)}"\n}\n`)],
    ['with another count', text.replace('"files": 0', '"files": 1')],
    ['written in another way', JSON.stringify(JSON.parse(text))],
    ['with a space more', `${text} `],
    ['with a property twice', text.replace('{', '{ "formatVersion": 1,')],
    ['with a property more', text.replace('{', '{\n "extra": 1,')],
    ['that is null', 'null'],
    ['that is a number', '7'],
    ['that is a list', '[]'],
    ['that is empty', '{}'],
  ])('is none %s', (__, changed) => {
    expect(isIt(changed)).toBe(false);
  });

  test('is none after any changed character', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = text.slice(0, at) + String.fromCodePoint(code) + text.slice(at + 1);
        if (changed === text) return;
        let parsed: unknown;
        try {
          parsed = JSON.parse(changed);
        } catch {
          return;
        }
        expect(isSealText(changed, parsed)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

test('an uncompressed archive in which one number of the seal is another is refused', async () => {
  const path = assembleArchive(scratchDirectory(), { codec: 'none' });
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf('"files": 0') + '"files": '.length;
  bytes.write('1', at);
  writeFileSync(path, bytes);
  expect(await verdictOn(path)).toBe(
    'archive-damaged: the seal of the archive is damaged or not its last entry',
  );
});
