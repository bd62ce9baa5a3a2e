// Order and ranges of an application's releases. How a release is spelt is the application's; that they are ordered by their
// parts is not.

export interface ReleaseRange {
  readonly from: string;
  readonly to: string;
}

export interface ReleaseOrder {
  /** Negative when `left` is older, positive when it is newer, 0 when equal. */
  readonly compareReleases: (left: string, right: string) => number;
  readonly isWithin: (release: string, range: ReleaseRange) => boolean;
}

/** `parts`: the numbers of a release in order of weight, as many for each release; prereleases get smaller ones. */
export function createReleaseOrder(parts: (release: string) => readonly number[]): ReleaseOrder {
  const compareReleases = (left: string, right: string): number => {
    const others = parts(right);
    for (const [index, value] of parts(left).entries()) {
      const difference = value - (others[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return {
    compareReleases,
    isWithin: (release, range) =>
      compareReleases(release, range.from) >= 0 && compareReleases(release, range.to) <= 0,
  };
}

/** `3.0.5`, or `2.20.5 - 2.20.15`. */
export function rangeText(range: ReleaseRange): string {
  return range.from === range.to ? range.from : `${range.from} - ${range.to}`;
}
