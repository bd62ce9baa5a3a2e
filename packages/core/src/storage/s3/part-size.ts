// How large the parts of a multipart upload are. The length of an archive is not known when it begins, S3 takes 10,000
// parts of at most 5 GiB, and each part lies in memory until the server has it.

const mebibyte = 1024 * 1024;

/** S3's limits: "Amazon S3 multipart upload limits" in the Amazon S3 User Guide. */
export const mostParts = 10_000;
export const largestObjectBytes = 5 * 1024 * 1024 * mebibyte;

const firstPartBytes = 8 * mebibyte;
/** The first 20 GiB go in small parts. */
const smallParts = 2500;
/** From there each part is a little larger, so that 10,000 of them hold 5 TiB: 80 MiB at 100 GiB, 1 GiB at 1 TiB. */
const growth = 1.00085;

/** Size of a part; the first is number 1. */
export function partSizeBytes(partNumber: number): number {
  if (partNumber <= smallParts) return firstPartBytes;
  const grown = firstPartBytes * growth ** (partNumber - smallParts);
  return Math.ceil(grown / mebibyte) * mebibyte;
}

/** How many parts may be on their way while the next one is filled: large ones one at a time. */
export function partsUnderWay(partNumber: number): number {
  return partSizeBytes(partNumber) === firstPartBytes ? 2 : 1;
}
