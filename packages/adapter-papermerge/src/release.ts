// Releases of Papermerge as text: parsing, order, ranges, images. A prerelease comes before its release, and a last part that
// is missing is zero: the project itself writes both 3.2 and 3.2.0.

import { createReleaseOrder } from '@dms-backup/core/adapter-kit';

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

/** 3.2 and 3.2.0 are equal. */
export const { compareReleases, isWithin } = createReleaseOrder(parts);

/**
 * The image on Docker Hub: `eugenci/papermerge` until 2.0, `papermerge/papermerge` from 2.1 on; tags have a `v` until
 * 2.1.9. 3.0.0, 3.2.0 and 3.3.0 are tagged without the zero.
 */
export function imageOf(release: string): string {
  if (compareReleases(release, '2.1.0a0') < 0) return `eugenci/papermerge:v${release}`;
  if (compareReleases(release, '3.0.0') < 0) return `papermerge/papermerge:${release}`;
  return `papermerge/papermerge:${release.replace(/^(3\.\d+)\.0$/, '$1')}`;
}
