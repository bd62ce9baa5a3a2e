// For people: results on stdout; steps, progress, warnings and errors on stderr. On a terminal the progress is one line
// that is drawn again and again; elsewhere it is a plain line every few seconds.

import type { ProgressEvent, VerbEvent } from '@dms-backup/core';
import type { Surroundings } from '../surroundings.ts';
import { renderFailure } from './failure.ts';
import type { Output, OutputOptions } from './output.ts';
import { createPaint, isTerminal, wantsColours } from './paint.ts';
import { printable } from './printable.ts';
import { SpeedMeter, formatProgressLine, formatProgressText } from './progress.ts';

const redrawMs = 100;
const plainLineMs = 10_000;
const clearLine = '\r\u001b[2K';

export function createHumanOutput(
  options: OutputOptions,
  surroundings: Surroundings,
  now: () => number = () => performance.now(),
): Output {
  const { stdout, stderr, environment } = surroundings;
  const paint = createPaint(wantsColours(stderr, environment));
  const stdoutPaint = createPaint(wantsColours(stdout, environment));
  const redraws = isTerminal(stderr, environment);
  const startedAt = now();
  const meter = new SpeedMeter();
  let lineDrawn = false;
  let shownAt = -Infinity;
  let shownPhase = '';

  const clear = (): void => {
    if (lineDrawn) stderr.write(clearLine);
    lineDrawn = false;
  };
  const say = (lines: readonly string[]): void => {
    clear();
    for (const line of lines) stderr.write(`${line}\n`);
  };
  const warned = new Set<string>();
  const warn = (text: string): void => {
    const shown = printable(text);
    if (warned.has(shown)) return;
    warned.add(shown);
    say([`${paint.warn('warning:')} ${shown}`]);
  };

  const showProgress = (event: ProgressEvent): void => {
    const time = now();
    const speed = meter.measure(event, time);
    if (event.phase !== shownPhase) {
      shownPhase = event.phase;
      // A phase that is over in a moment needs no line in a log.
      shownAt = redraws ? -Infinity : time;
    }
    if (time - shownAt < (redraws ? redrawMs : plainLineMs)) return;
    shownAt = time;
    if (!redraws) {
      stderr.write(`${formatProgressText(event, speed)}\n`);
      return;
    }
    stderr.write(`${clearLine}${formatProgressLine(event, speed, stderr.columns || 80)}`);
    lineDrawn = true;
  };

  const onEvent = (event: VerbEvent): void => {
    if (event.type === 'warning') warn(event.text);
    else if (options.quiet) return;
    else if (event.type === 'step') say([paint.dim(printable(event.text))]);
    else if (options.progress) showProgress(event);
  };

  return {
    onEvent,
    warn,
    note: (draw) => {
      if (!options.quiet) say(draw(paint));
    },
    item: (_item, draw) => {
      clear();
      for (const line of draw(stdoutPaint)) stdout.write(`${line}\n`);
    },
    result: (_verb, outcome) => {
      clear();
      const page = outcome.page({
        stdout: stdoutPaint,
        stderr: paint,
        elapsedMs: now() - startedAt,
      });
      if (!options.quiet) say(page.stderr);
      for (const text of page.warnings ?? []) warn(text);
      say(page.alarms ?? []);
      for (const line of page.stdout) stdout.write(`${line}\n`);
    },
    failure: (failure) => say(renderFailure(failure, paint, options.verbose)),
    settle: clear,
  };
}
