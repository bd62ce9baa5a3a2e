// Runs one command line as a separate process and measures it: wall time, processor time of all its processes, and the
// highest resident memory. Nothing runs inside the measured program but itself: memory is read from /proc while it runs.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { WorkPlace } from './work-place.ts';

export interface Command {
  /** For bash; `"$1"`, `"$2"`, ... are the words. */
  readonly script: string;
  readonly words: readonly string[];
  readonly directory?: string;
}

export interface Measurement {
  readonly wallMs: number;
  /** User and system time of the command and everything it started. */
  readonly cpuMs: number;
  /** Highest sum of VmHWM of the processes alive at one moment, seen every 20 ms. */
  readonly peakBytes: number;
}

const sampleMs = 20;
/** Fourth stream: bash writes there what its children used. */
const wrapper = (script: string) => `set -o pipefail; ${script}\ncode=$?; times >&3; exit $code`;

/** Throws when the command fails: a wrong run has no time. */
export async function measure(command: Command, place: WorkPlace): Promise<Measurement> {
  const begin = performance.now();
  const child = spawn('bash', ['-c', wrapper(command.script), 'bench', ...command.words], {
    cwd: command.directory ?? place.data,
    env: place.environment,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // a process group of its own, so that all of it can be stopped
    detached: true,
  });
  place.running(child.pid);
  let peakBytes = 0;
  const timer = setInterval(() => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, memoryBelow(child.pid));
  }, sampleMs);
  try {
    const errors = collect(child.stdio[2] as NodeJS.ReadableStream, 4096);
    const times = collect(child.stdio[3] as NodeJS.ReadableStream, 4096);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', resolve);
    });
    const wallMs = performance.now() - begin;
    if (code !== 0) throw new Error(`exit code ${code}: ${describe(command)}\n${await errors}`);
    return { wallMs, cpuMs: childrenMs(await times), peakBytes };
  } finally {
    clearInterval(timer);
    place.running(undefined);
  }
}

/** Sum of the highest memory of all processes below one that waits for them. */
function memoryBelow(pid: number): number {
  let bytes = 0;
  for (const child of readProc(`${pid}/task/${pid}/children`).split(' ')) {
    if (child.trim() === '') continue;
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readProc(`${child}/status`))?.[1];
    bytes += Number(kibibytes ?? 0) * 1024 + memoryBelow(Number(child));
  }
  return bytes;
}

/** Empty for a process that has ended meanwhile. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

/** The last `limit` characters of a stream. */
async function collect(stream: NodeJS.ReadableStream, limit: number): Promise<string> {
  let text = '';
  for await (const chunk of stream) text = (text + String(chunk)).slice(-limit);
  return text;
}

/** Second line of bash's `times`: user and system time of the children, as `1m2.345s`. */
function childrenMs(text: string): number {
  const parts =
    text
      .trim()
      .split('\n')[1]
      ?.match(/(\d+)m([\d.,]+)s/g) ?? [];
  const seconds = parts.map((part) => {
    const [minutes, rest] = part.slice(0, -1).split('m');
    return Number(minutes) * 60 + Number(rest?.replace(',', '.'));
  });
  return seconds.reduce((sum, each) => sum + each, 0) * 1000;
}

function describe({ script, words }: Command): string {
  return script.replaceAll(/"\$(\d)"/g, (_, number: string) => words[Number(number) - 1] ?? '');
}
