// What is shown and kept: tables for people, JSON for machines.

import type { ContestResult, Spread } from './contest.ts';
import type { MachineFacts } from './machine.ts';
import type { Options } from './options.ts';
import type { BoundResult, MemoryBound, TimeBound } from './workloads/workload.ts';

export interface Report {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly machine: MachineFacts;
  readonly options: Pick<Options, 'pairs' | 'scale'> & { readonly archivesInMemory: boolean };
  /** Title of each workload that ran. */
  readonly workloads: readonly string[];
  readonly contests: readonly ContestResult[];
  readonly bounds: readonly BoundResult[];
  readonly notes: readonly string[];
}

/** Rows of cells; the first row is the head. */
type Table = readonly (readonly string[])[];

export function contestTable(contests: readonly ContestResult[]): Table {
  const head = [
    'workload',
    'compared',
    'wall s',
    'CPU s',
    'peak MB',
    'output MB',
    'wall ratio',
    'CPU ratio',
  ];
  const rows = contests.flatMap(({ workload, step, program, references }) => {
    const facts = ({ wallMs, cpuMs, peakBytes, outputBytes }: typeof program): string[] => [
      (wallMs.median / 1000).toFixed(2),
      number(cpuMs.median / 1000, 2),
      number(peakBytes.most / 1e6, 0),
      outputBytes === null ? '' : (outputBytes / 1e6).toFixed(0),
    ];
    return [
      [`${workload} ${step}`, program.name, ...facts(program), '', ''],
      ...references.map((each) => [
        '',
        each.name,
        ...facts(each),
        ratio(each.wallRatio),
        ratio(each.cpuRatio),
      ]),
    ];
  });
  return [head, ...rows];
}

export function boundLines(bounds: readonly BoundResult[]): string[] {
  return bounds.map((bound) => {
    const { workload, step, wallMs } = bound;
    const [holds, found] = bound.kind === 'memory' ? memoryFound(bound) : timeFound(bound);
    const seconds = (wallMs / 1000).toFixed(0);
    return `${holds ? 'PASS' : 'FAIL'} ${workload} ${step}: ${found} (${seconds} s)`;
  });
}

function memoryFound({ peakBytes, boundBytes }: MemoryBound): [holds: boolean, found: string] {
  const [found, bound] = [peakBytes, boundBytes].map((bytes) => (bytes / 1e6).toFixed(0));
  return [peakBytes < boundBytes, `peak memory ${found} MB, bound ${bound} MB`];
}

function timeFound(bound: TimeBound): [holds: boolean, found: string] {
  const { ratio: found, boundRatio, reference } = bound;
  const words = `wall time ${found.toFixed(2)} of '${reference}', bound ${boundRatio}`;
  return [found <= boundRatio, words];
}

/** In columns, for a terminal. */
export function plainTable(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const isText = (column: number): boolean => column < 2;
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The committed page. */
export function markdownReport(report: Report): string {
  const { machine, options, startedAt, durationMs } = report;
  const versions = Object.entries(machine.tools).map(([tool, version]) => `${tool} ${version}`);
  const where = options.archivesInMemory ? 'archives in memory (tmpfs)' : 'archives on disk';
  return `# One run of the benchmarks

Written by \`pnpm bench --record\`; what is compared and how to read it is in the [README](README.md).

- ${startedAt.slice(0, 10)}, ${Math.round(durationMs / 60_000)} minutes, ${options.pairs} pairs, scale ${options.scale}, ${where}
- ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB of memory, ${machine.system}, load ${machine.loadBefore.toFixed(1)} before the start
- ${versions.join(', ')}
${report.workloads.map((title) => `- ${title}`).join('\n')}
${busyNote(machine)}

Wall and CPU are medians of seconds, peak is the highest of all runs. A ratio is dms-backup divided by the reference: the median
of the pairs, then the least and the most. Below 1, dms-backup needs less.

${markdownTable(contestTable(report.contests))}
## Bounds

${boundLines(report.bounds)
  .map((line) => `- ${line}`)
  .join('\n')}
${report.notes.map((note) => `- ${note}\n`).join('')}`;
}

/** A machine at rest shows less than this before the start. */
const restingLoad = 0.5;

function busyNote({ loadBefore }: MachineFacts): string {
  if (loadBefore < restingLoad) return '';
  return `
**Other programs were at work on this machine during the run.** Figures of memory stand; of the times only the ratios mean
something, and those of processor time more than those of wall time.
`;
}

function markdownTable(table: Table): string {
  const [head = [], ...rows] = table;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |\n`;
  const marks = head.map((_, column) => (column < 2 ? '---' : '---:'));
  return [head, marks, ...rows].map(line).join('');
}

function ratio({ median, least, most }: Spread): string {
  if (Number.isNaN(median)) return '';
  return `${median.toFixed(2)} (${least.toFixed(2)}-${most.toFixed(2)})`;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(digits);
}
