// What a verb shows to people: lines for stdout (the result) and lines for stderr (everything around it).

import { makePrintable } from './printable.ts';
import type { Paint } from './paint.ts';

export interface Page {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Lines for stderr that also --quiet must not hide: what is wrong with the data. */
  readonly alarms?: readonly string[];
  /** Warnings of the result. Those that were shown as events already are not shown again. */
  readonly warnings?: readonly string[];
}

/** Colours of the two streams, and how long the verb took. */
export interface PageContext {
  readonly stdout: Paint;
  readonly stderr: Paint;
  readonly elapsedMs: number;
}

/** The end of a verb. `result` goes out with --json as it is; `page` draws it for people. */
export interface Outcome {
  readonly result: object;
  readonly exitCode: number;
  readonly page: (context: PageContext) => Page;
}

/**
 * Joins a result with its page. The page gets a copy in which every string is printable; the JSON gets the original.
 * `extra` is for facts that are shown but no part of the result, e.g. the title of the application.
 */
export function createOutcome<R extends object, E>(
  result: R,
  exitCode: number,
  extra: E,
  draw: (result: R, context: PageContext, extra: E) => Page,
): Outcome {
  return {
    result,
    exitCode,
    page: (context) => draw(makePrintable(result), context, makePrintable(extra)),
  };
}
