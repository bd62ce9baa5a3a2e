// What the figures were measured on, in words that name nobody's machine.

import { spawnSync } from 'node:child_process';
import { arch, availableParallelism, loadavg, platform, totalmem } from 'node:os';

export interface MachineFacts {
  readonly system: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of one minute: much above the number of cores, and others were at work. */
  readonly loadBefore: number;
  /** First line of what each tool says of its version. */
  readonly tools: Readonly<Record<string, string>>;
}

const tools = {
  zstd: '--version',
  tar: '--version',
  openssl: 'version',
  sqlite3: '--version',
  pg_dump: '--version',
};

export function readMachineFacts(): MachineFacts {
  const found = Object.entries(tools).map(([tool, word]) => [tool, versionOf(tool, word)] as const);
  return {
    system: `${platform()} ${arch()}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    loadBefore: loadavg()[0] ?? 0,
    tools: Object.fromEntries([['node', process.versions.node] as const, ...found]),
  };
}

export function hasTool(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function versionOf(tool: string, word: string): string {
  const { stdout } = spawnSync(tool, [word], { encoding: 'utf8' });
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout ?? '')?.[0] ?? 'not installed';
}
