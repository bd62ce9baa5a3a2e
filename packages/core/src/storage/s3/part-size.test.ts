// Parts are small as long as they can be, and never too many, too large or too small for S3.

import { expect, test } from 'vitest';
import { largestObjectBytes, mostParts, partSizeBytes, partsUnderWay } from './part-size.ts';

const gibibyte = 1024 ** 3;

test('the parts that S3 takes hold the largest object', () => {
  let total = 0;
  for (let number = 1; number <= mostParts; number++) {
    const size = partSizeBytes(number);
    expect(size).toBeGreaterThanOrEqual(5 * 1024 * 1024);
    expect(size).toBeLessThanOrEqual(5 * gibibyte);
    expect(size).toBeGreaterThanOrEqual(partSizeBytes(Math.max(1, number - 1)));
    total += size;
  }
  expect(total).toBeGreaterThanOrEqual(largestObjectBytes);
});

test('an archive of 100 GiB needs less than 200 MiB of memory', () => {
  let total = 0;
  let number = 1;
  for (; total < 100 * gibibyte; number++) total += partSizeBytes(number);
  const inMemory = partSizeBytes(number) * (1 + partsUnderWay(number));
  expect(inMemory).toBeLessThan(200 * 1024 * 1024);
});
