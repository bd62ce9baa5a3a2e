// Releases of paperless-ngx as text: parsing, order, ranges. A prerelease comes before its release.

import { createReleaseOrder } from '@dms-backup/core/adapter-kit';

const releasePattern = /^(?:v|ngx-)?(\d+)\.(\d+)\.(\d+)(?:-beta\.(?:rc)?(\d+))?$/;
/** Sorts a release after all of its prereleases. */
const noPrerelease = Number.MAX_SAFE_INTEGER;

/** `v3.0.5`, `3.0.5` give `3.0.5`, `ngx-1.7.0` (its tag) `1.7.0`; null when the text is no complete release. */
export function normalRelease(text: string): string | null {
  const trimmed = text.trim();
  return releasePattern.test(trimmed) ? trimmed.replace(/^(?:v|ngx-)/, '') : null;
}

function parts(release: string): readonly number[] {
  const match = releasePattern.exec(release);
  if (match === null) return [0, 0, 0, 0];
  const prerelease = match[4] === undefined ? noPrerelease : Number(match[4]);
  return [Number(match[1]), Number(match[2]), Number(match[3]), prerelease];
}

export const { compareReleases, isWithin } = createReleaseOrder(parts);

export function majorOf(release: string): number {
  return parts(release)[0] ?? 0;
}

/**
 * Name of the official container image of a release, e.g. `paperlessngx/paperless-ngx:3.0.5`. The first one is only at
 * GitHub, under the name of its tag (ngx-1.7.0 and v1.7.1, .github/workflows/ci.yml, step docker-meta).
 */
export function imageOf(release: string): string {
  return release === '1.7.0'
    ? 'ghcr.io/paperless-ngx/paperless-ngx:ngx-1.7.0'
    : `paperlessngx/paperless-ngx:${release}`;
}
