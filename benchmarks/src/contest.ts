// Runs the program and its references in turn, so that whatever else the machine does meets both. What counts are ratios of
// runs that followed each other.

import { statSync } from 'node:fs';
import type { Command, Measurement } from './measure.ts';
import { measure } from './measure.ts';
import type { WorkPlace } from './work-place.ts';

export interface Contender {
  readonly name: string;
  readonly command: Command;
  /** Called before each run: makes room for the result, removes that of the run before. */
  readonly prepare: () => Promise<void>;
  /** File that the command writes, if it writes one. */
  readonly output?: string;
}

export interface Contest {
  readonly workload: string;
  readonly step: string;
  readonly program: Contender;
  readonly references: readonly Contender[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface ContenderResult {
  readonly name: string;
  readonly runs: readonly Measurement[];
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakBytes: Spread;
  readonly outputBytes: number | null;
}

export interface ReferenceResult extends ContenderResult {
  /** Program divided by reference, pair by pair. */
  readonly wallRatio: Spread;
  readonly cpuRatio: Spread;
}

export interface ContestResult {
  readonly workload: string;
  readonly step: string;
  readonly program: ContenderResult;
  readonly references: readonly ReferenceResult[];
}

export async function runContest(
  contest: Contest,
  pairs: number,
  place: WorkPlace,
  tell: (line: string) => void,
): Promise<ContestResult> {
  const contenders = [contest.program, ...contest.references];
  const runs = new Map<Contender, Measurement[]>(contenders.map((each) => [each, []]));
  const outputs = new Map<Contender, number>();
  for (let pair = 0; pair < pairs; pair++) {
    // every other time backwards: being first must be no advantage
    for (const each of pair % 2 === 0 ? contenders : contenders.toReversed()) {
      await each.prepare();
      const measured = await measure(each.command, place);
      runs.get(each)?.push(measured);
      if (each.output !== undefined) outputs.set(each, statSync(each.output).size);
      const seconds = (measured.wallMs / 1000).toFixed(2);
      tell(`${contest.workload} ${contest.step} ${pair + 1}/${pairs}: ${each.name} ${seconds} s`);
    }
  }
  const result = (each: Contender): ContenderResult => {
    const own = runs.get(each) ?? [];
    return {
      name: each.name,
      runs: own,
      wallMs: spread(own.map(({ wallMs }) => wallMs)),
      cpuMs: spread(own.map(({ cpuMs }) => cpuMs)),
      peakBytes: spread(own.map(({ peakBytes }) => peakBytes)),
      outputBytes: outputs.get(each) ?? null,
    };
  };
  const program = result(contest.program);
  const references = contest.references.map((each): ReferenceResult => {
    const reference = result(each);
    const ratio = (key: 'wallMs' | 'cpuMs'): Spread =>
      spread(program.runs.map((own, pair) => own[key] / (reference.runs[pair]?.[key] ?? 0)));
    return { ...reference, wallRatio: ratio('wallMs'), cpuRatio: ratio('cpuMs') };
  });
  return { workload: contest.workload, step: contest.step, program, references };
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}
