// What every workload gets and gives.

import type { ContestResult } from '../contest.ts';
import type { Options } from '../options.ts';
import type { WorkPlace } from '../work-place.ts';

export interface Bench {
  readonly options: Options;
  readonly place: WorkPlace;
  /** One line of progress. */
  readonly tell: (line: string) => void;
}

interface Bound {
  readonly workload: string;
  readonly step: string;
  readonly wallMs: number;
}

export interface MemoryBound extends Bound {
  readonly kind: 'memory';
  readonly peakBytes: number;
  readonly boundBytes: number;
}

/** A bound on the wall time, as a share of that of a reference. */
export interface TimeBound extends Bound {
  readonly kind: 'time';
  readonly reference: string;
  /** Median of the pairs. */
  readonly ratio: number;
  readonly boundRatio: number;
}

/** A bound and what was found. */
export type BoundResult = MemoryBound | TimeBound;

export interface WorkloadResult {
  readonly contests: readonly ContestResult[];
  readonly bounds: readonly BoundResult[];
  /** Lines for the report, e.g. why nothing was measured. */
  readonly notes?: readonly string[];
}

export interface Workload {
  /** As in `--only`. */
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<WorkloadResult>;
}

/** A number of files or rows at this run's scale. */
export function scaled(count: number, { scale }: Options): number {
  return Math.max(1, Math.round(count * scale));
}
