// Releases of NextGIS Web as text: parsing, order, ranges. Development builds (`5.5.0.dev2+gabc`) are no releases.

export interface ReleaseRange {
  readonly from: string;
  readonly to: string;
}

const releasePattern = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/;

/** `v5.4.0` and `5.4.0` give `5.4.0`; null when the text is no complete release. */
export function normalRelease(text: string): string | null {
  const trimmed = text.trim();
  return releasePattern.test(trimmed) ? trimmed.replace(/^v/, '') : null;
}

function parts(release: string): readonly number[] {
  const match = releasePattern.exec(release);
  return match === null ? [0, 0, 0] : match.slice(1).map(Number);
}

/** Negative when `left` is older, positive when it is newer, 0 when equal. */
export function compareReleases(left: string, right: string): number {
  const others = parts(right);
  for (const [index, value] of parts(left).entries()) {
    const difference = value - (others[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isWithin(release: string, range: ReleaseRange): boolean {
  return compareReleases(release, range.from) >= 0 && compareReleases(release, range.to) <= 0;
}

/** `5.4.0`, or `5.2.0 - 5.3.0`. */
export function rangeText(range: ReleaseRange): string {
  return range.from === range.to ? range.from : `${range.from} - ${range.to}`;
}

/** True when `release` is `first` or newer, or when nobody knows the release. */
export function isSince(release: string | null, first: string): boolean {
  return release === null || compareReleases(release, first) >= 0;
}
