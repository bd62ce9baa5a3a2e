// Surroundings for tests: streams that remember what was written, terminals on request.

import { PassThrough } from 'node:stream';
import type { Surroundings } from '../src/surroundings.ts';

export interface Recorded {
  readonly surroundings: Surroundings;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export function recordedSurroundings(
  argv: readonly string[],
  options: {
    terminal?: boolean;
    columns?: number;
    environment?: Record<string, string>;
    input?: string;
    signal?: AbortSignal;
    workingDirectory?: string;
  } = {},
): Recorded {
  const stream = () => {
    const chunks: string[] = [];
    const through = new PassThrough();
    through.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    const recorder = Object.assign(through, {
      isTTY: options.terminal ?? false,
      columns: options.columns ?? 100,
    });
    return { recorder, text: () => chunks.join('') };
  };
  const stdout = stream();
  const stderr = stream();
  const stdin = Object.assign(new PassThrough(), { isTTY: options.terminal ?? false });
  if (options.input !== undefined) stdin.end(options.input);
  return {
    surroundings: {
      argv,
      environment: options.environment ?? {},
      workingDirectory: options.workingDirectory ?? process.cwd(),
      stdin,
      stdout: stdout.recorder,
      stderr: stderr.recorder,
      signal: options.signal ?? new AbortController().signal,
    },
    stdout: stdout.text,
    stderr: stderr.text,
  };
}
