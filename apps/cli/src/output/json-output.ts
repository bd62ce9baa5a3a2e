// --json: one JSON object per line, events first, then exactly one `result` or `error`. README.md has the shapes.

import type { VerbEvent } from '@dms-backup/core';
import type { Surroundings } from '../surroundings.ts';
import type { Output, OutputOptions } from './output.ts';
import { jsonLine } from './printable.ts';

export function createJsonOutput(options: OutputOptions, surroundings: Surroundings): Output {
  const stream = options.jsonOnStderr ? surroundings.stderr : surroundings.stdout;
  const write = (value: object): void => {
    stream.write(`${jsonLine(value)}\n`);
  };
  const wanted = (event: VerbEvent): boolean => {
    if (event.type === 'warning') return true;
    if (options.quiet) return false;
    return event.type === 'step' || options.progress;
  };
  return {
    onEvent: (event) => {
      if (wanted(event)) write(event);
    },
    note: () => {},
    warn: (text) => write({ type: 'warning', text }),
    item: write,
    result: (verb, outcome) =>
      write({ type: 'result', verb, exitCode: outcome.exitCode, ...outcome.result }),
    failure: (failure) =>
      write({
        type: 'error',
        code: failure.code,
        exitCode: failure.exitCode,
        message: failure.message,
        hint: failure.hint,
        context: failure.context,
        ...(options.verbose || failure.bug ? { causes: failure.causes, stack: failure.stack } : {}),
      }),
    settle: () => {},
  };
}
