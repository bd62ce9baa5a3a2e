// Releases of Papermerge as text: parsing, order, ranges, images. A prerelease comes before its release, and a last part that
// is missing is zero: the project itself writes both 3.2 and 3.2.0.

export interface ReleaseRange {
  readonly from: string;
  readonly to: string;
}

const releasePattern = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-.]?(a|alpha|b|beta|rc)\.?(\d+))?$/i;

/** In order of weight; a release without such a word comes after all of them. */
const stages: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, rc: 2 };
const finalStage = 3;

/** `v2.1.9` and `2.1.9` give `2.1.9`; null when the text is no release. */
export function normalRelease(text: string): string | null {
  const trimmed = text.trim();
  return releasePattern.test(trimmed) ? trimmed.replace(/^v/i, '') : null;
}

function parts(release: string): readonly number[] {
  const match = releasePattern.exec(release);
  if (match === null) return [0, 0, 0, 0, 0];
  const [, major, minor, patch = '0', stage, number = '0'] = match;
  return [
    Number(major),
    Number(minor),
    Number(patch),
    stage === undefined ? finalStage : (stages[stage.toLowerCase()] ?? finalStage),
    Number(number),
  ];
}

/** Negative when `left` is older, positive when it is newer, 0 when equal (3.2 and 3.2.0 are). */
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

/** `3.5.3`, or `2.1.5 - 2.1.9`. */
export function rangeText(range: ReleaseRange): string {
  return range.from === range.to ? range.from : `${range.from} - ${range.to}`;
}

/**
 * The image on Docker Hub: `eugenci/papermerge` until 2.0, `papermerge/papermerge` from 2.1 on; tags have a `v` until
 * 2.1.9. 3.0.0, 3.2.0 and 3.3.0 are tagged without the zero.
 */
export function imageOf(release: string): string {
  if (compareReleases(release, '2.1.0a0') < 0) return `eugenci/papermerge:v${release}`;
  if (compareReleases(release, '3.0.0') < 0) return `papermerge/papermerge:${release}`;
  return `papermerge/papermerge:${release.replace(/^(3\.\d+)\.0$/, '$1')}`;
}
