// Starts a busy application as a process of its own, as the real ones are.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { BusyProduct, BusyStatistics } from './application.ts';
import type { BusyDatabase } from './connection.ts';

export interface BusyOptions {
  /** paperless-ngx 3.0.5 on SQLite, Papermerge 3.5 or NextGIS Web 5.5 on PostgreSQL. */
  readonly product: BusyProduct;
  readonly database: BusyDatabase;
  readonly mediaDirectory: string;
  /** Documents that are added before it is ready. */
  readonly documents: number;
  /** Operations per second, as far as the machine can do it. */
  readonly rate: number;
}

export interface BusyApplication {
  /** Ends it and says what it did. */
  stop(): Promise<BusyStatistics>;
  /** For the end of a failed test. */
  kill(): void;
}

/** Resolves when the documents are there and it goes on working. */
export async function startBusy(options: BusyOptions): Promise<BusyApplication> {
  const program = join(import.meta.dirname, 'program.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the busy ${options.product} has ended`);
    return line.value;
  };
  await next();
  return {
    async stop() {
      const closed = once(child, 'close');
      child.stdin.end();
      const statistics = JSON.parse(await next()) as BusyStatistics;
      await closed;
      return statistics;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
