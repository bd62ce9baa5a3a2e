// Times of entries: decimal seconds with nine digits in the index, whole seconds in tar heads.

/** `1700000000.123456789` from nanoseconds since 1970. */
export function formatMtime(nanoseconds: bigint): string {
  const negative = nanoseconds < 0n;
  const digits = (negative ? -nanoseconds : nanoseconds).toString().padStart(10, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Whole seconds, rounded down, as tar has them. */
export function mtimeSeconds(mtime: string): number {
  return (
    Math.floor(Number(mtime.slice(0, -10))) -
    (mtime.startsWith('-') && !mtime.endsWith('.000000000') ? 1 : 0)
  );
}

/**
 * For utimes, which holds it as a JavaScript number: exact to about 200 ns. Handed over as text, because Node takes negative
 * numbers for "now" (lib/internal/fs/utils.js, toUnixTimestamp), and negative texts for what they say.
 */
export function utimesTime(mtime: string): string {
  return mtime;
}

/**
 * 1980-01-01 UTC, for entries that have no file behind them and change only with their content: programs that find repeated
 * pieces (restic, borg) must find them again. Not 0, of which GNU tar warns as "implausibly old" (1.34, extract.c).
 */
export const constantMtime = '315532800.000000000';

/** Now, for the other entries that have no file behind them. */
export function currentMtime(): string {
  return formatMtime(BigInt(Date.now()) * 1_000_000n);
}
