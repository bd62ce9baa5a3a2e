// What the image tag of a compose file says about the version: an exact release, a series that moves, or nothing.

import type { Located } from '@dms-backup/core';
import type { ConfigurationSource } from '@dms-backup/core/adapter-kit';
import { majorOf, normalRelease } from './release.ts';

export interface StatedImage {
  /** As written, without a digest. */
  readonly name: string;
  readonly source: string;
  /** Only for tags that never move, such as `3.0.5`. */
  readonly release: Located<string> | undefined;
  /** From exact and series tags (`3`, `3.0`), else null. */
  readonly major: number | null;
}

export function statedImage(sources: readonly ConfigurationSource[]): StatedImage | null {
  const compose = sources.find((source) => source.compose !== null)?.compose;
  const image = compose?.service.image?.replace(/@.*$/, '');
  if (compose === null || compose === undefined || image === undefined || image === '') return null;
  const source = `image tag in ${compose.paths.join(' + ')}`;
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? '';
  const release = normalRelease(tag);
  const series = /^v?(\d+)(?:\.\d+)?$/.exec(tag)?.[1];
  return {
    name: image,
    source,
    release: release === null ? undefined : { value: release, source },
    major: release === null ? (series === undefined ? null : Number(series)) : majorOf(release),
  };
}
