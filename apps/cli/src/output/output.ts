// How a verb talks to the world. Two implementations: for people and as JSON lines; commands do not know which one it is.

import type { OnEvent } from '@dms-backup/core';
import type { Failure } from './failure.ts';
import type { Outcome } from './outcome.ts';
import type { Paint } from './paint.ts';

export interface OutputOptions {
  readonly json: boolean;
  /** With --json: the lines go to stderr, because the archive goes to stdout. */
  readonly jsonOnStderr: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: boolean;
}

export interface Output {
  readonly onEvent: OnEvent;
  /** Lines for people on stderr, before a question; nothing with --json. The caller makes them printable. */
  note(draw: (paint: Paint) => readonly string[]): void;
  /** Something to know, as with a warning event. */
  warn(text: string): void;
  /** A part of the result that is shown before the rest is known, because there can be any number; a line on stdout. */
  item(item: { readonly type: string }, draw: (paint: Paint) => readonly string[]): void;
  result(verb: string, outcome: Outcome): void;
  failure(failure: Failure): void;
  /** Clears the progress line; the output may be used again. */
  settle(): void;
}
