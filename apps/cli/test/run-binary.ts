// Runs the built program (`dist/main.js`) as a user does.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface BinaryResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout that are JSON. */
  readonly json: Record<string, unknown>[];
}

export interface BinaryOptions {
  readonly cwd?: string;
  readonly environment?: Record<string, string>;
  /** Flags for node itself. */
  readonly node?: readonly string[];
  /** Called when it has started, e.g. to send a signal. */
  readonly started?: (child: ChildProcess) => void | Promise<void>;
}

export function assertBuilt(): void {
  if (!existsSync(program)) throw new Error('dist/main.js is missing: build dms-backup first');
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}

/** Waits for the end; never rejects because of an exit code. */
export function runBinary(
  words: readonly string[],
  options: BinaryOptions = {},
): Promise<BinaryResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.node ?? []), program, ...words], {
      cwd: options.cwd,
      env: { PATH: process.env['PATH'], NO_COLOR: '1', ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr, json: jsonLines(stdout) }));
    Promise.resolve(options.started?.(child)).catch(reject);
  });
}
