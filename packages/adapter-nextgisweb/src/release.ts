// Releases of NextGIS Web as text: parsing, order, ranges. Development builds (`5.5.0.dev2+gabc`) are no releases.

import { createReleaseOrder } from '@dms-backup/core/adapter-kit';

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

export const { compareReleases, isWithin } = createReleaseOrder(parts);

/** True when `release` is `first` or newer, or when nobody knows the release. */
export function isSince(release: string | null, first: string): boolean {
  return release === null || compareReleases(release, first) >= 0;
}
