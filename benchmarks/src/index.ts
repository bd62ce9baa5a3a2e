// `pnpm bench`: runs the workloads one after the other, prints tables, and keeps the figures as JSON.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMachineFacts } from './machine.ts';
import { readOptions, usageText } from './options.ts';
import type { Options } from './options.ts';
import { boundLines, contestTable, markdownReport, plainTable } from './report.ts';
import type { Report } from './report.ts';
import { createWorkPlace } from './work-place.ts';
import { largeFiles, smallFiles } from './workloads/files.ts';
import { longTable, manyFiles } from './workloads/memory.ts';
import { postgresRows } from './workloads/postgres.ts';
import { sqliteRows } from './workloads/rows.ts';
import { start } from './workloads/start.ts';
import type { Workload, WorkloadResult } from './workloads/workload.ts';

const workloads: readonly Workload[] = [
  start,
  smallFiles,
  largeFiles,
  sqliteRows,
  postgresRows,
  manyFiles,
  longTable,
];
const resultsDirectory = fileURLToPath(new URL('../results', import.meta.url));
const recordFile = fileURLToPath(new URL('../results.md', import.meta.url));

function choose({ only }: Options): readonly Workload[] {
  const unknown = only.find((name) => !workloads.some((each) => each.name === name));
  if (unknown !== undefined) throw new Error(`there is no workload '${unknown}'`);
  return only.length === 0 ? workloads : workloads.filter(({ name }) => only.includes(name));
}

async function run(options: Options, chosen: readonly Workload[]): Promise<Report> {
  const startedAt = new Date();
  const machine = readMachineFacts();
  const place = createWorkPlace(options);
  const results: WorkloadResult[] = [];
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    for (const workload of chosen) results.push(await workload.run({ options, place, tell }));
  } finally {
    place.remove();
  }
  const { pairs, scale } = options;
  return {
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    machine,
    options: { pairs, scale, archivesInMemory: place.archivesInMemory },
    workloads: chosen.map(({ title }) => title),
    contests: results.flatMap(({ contests }) => contests),
    bounds: results.flatMap(({ bounds }) => bounds),
    notes: results.flatMap(({ notes }) => notes ?? []),
  };
}

function keep(report: Report, { record }: Options): string {
  mkdirSync(resultsDirectory, { recursive: true });
  const name = `${report.startedAt.slice(0, 19).replaceAll(/[-:]/g, '')}.json`;
  const path = join(resultsDirectory, name);
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
  if (record) writeFileSync(recordFile, markdownReport(report));
  return relative(process.cwd(), path);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usageText);
    return;
  }
  if (!existsSync(options.program)) throw new Error(`'${options.program}' is missing: build first`);
  const report = await run(options, choose(options));
  const path = keep(report, options);
  console.log(`\n${plainTable(contestTable(report.contests))}\n`);
  for (const line of boundLines(report.bounds)) console.log(line);
  for (const note of report.notes) console.log(note);
  console.log(`\nall figures: ${path}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
