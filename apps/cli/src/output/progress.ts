// Progress of one phase as text: how much is done, how fast, how long it will take. Pure, apart from the meter's memory.

import type { ProgressEvent } from '@dms-backup/core';
import { printable } from './printable.ts';
import { formatClock, formatCount, formatSize } from './units.ts';

export interface Speed {
  readonly bytesPerSecond: number;
  /** Absent while the total is unknown or the speed is not known well. */
  readonly secondsLeft?: number;
}

/** The speed is the mean of this many milliseconds: long enough to be calm, short enough to be true. */
const windowMs = 8000;
/** No speed before this: the first blocks come from caches. */
const warmUpMs = 1500;

/** Measures the speed of the running phase. */
export class SpeedMeter {
  #phase = '';
  #samples: { at: number; bytes: number }[] = [];

  /** Takes the event of time `now` (ms, any clock) and returns the speed, or null while it is not known. */
  measure(event: ProgressEvent, now: number): Speed | null {
    if (event.phase !== this.#phase) {
      this.#phase = event.phase;
      this.#samples = [];
    }
    this.#samples.push({ at: now, bytes: event.doneBytes });
    while (this.#samples.length > 2 && (this.#samples[0]?.at ?? now) < now - windowMs)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now - first.at < warmUpMs) return null;
    const bytesPerSecond = ((event.doneBytes - first.bytes) / (now - first.at)) * 1000;
    if (bytesPerSecond <= 0) return null;
    if (event.totalBytes === undefined) return { bytesPerSecond };
    const left = Math.max(0, event.totalBytes - event.doneBytes);
    return { bytesPerSecond, secondsLeft: left / bytesPerSecond };
  }
}

/** Share done, 0 to 1, or null while the total is unknown. */
function share(event: ProgressEvent): number | null {
  const byBytes = event.totalBytes !== undefined && event.totalBytes > 0;
  const total = byBytes ? event.totalBytes : event.totalItems;
  const done = byBytes ? event.doneBytes : event.doneItems;
  return total === undefined || total <= 0 ? null : Math.min(1, done / total);
}

function facts(event: ProgressEvent, speed: Speed | null, of: string): string[] {
  const found: string[] = [];
  const part = share(event);
  if (part !== null) found.push(`${Math.floor(part * 100)} %`);
  if (event.doneBytes > 0 || (event.totalBytes ?? 0) > 0) {
    const total = event.totalBytes === undefined ? '' : `${of}${formatSize(event.totalBytes)}`;
    found.push(`${formatSize(event.doneBytes)}${total}`);
  }
  const total = event.totalItems === undefined ? '' : `${of}${formatCount(event.totalItems)}`;
  found.push(`${formatCount(event.doneItems)}${total} ${printable(event.items)}`);
  if (speed !== null) found.push(`${formatSize(speed.bytesPerSecond)}/s`);
  if (speed?.secondsLeft !== undefined) found.push(`${formatClock(speed.secondsLeft)} left`);
  return found;
}

/** Fixed for a terminal, so that the line does not jump: a bar of 20, of 10, or none. */
function bar(part: number, columns: number): string {
  const width = columns >= 100 ? 20 : 10;
  if (columns < 70) return '';
  const filled = Math.floor(part * width);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]  `;
}

/** The redrawn line, at most `columns` - 1 characters. */
export function formatProgressLine(
  event: ProgressEvent,
  speed: Speed | null,
  columns: number,
): string {
  const part = share(event);
  const drawn = part === null ? '' : bar(part, columns);
  const line = `${printable(event.phase)}  ${drawn}${facts(event, speed, '/').join('  ')}`;
  return line.slice(0, Math.max(10, columns - 1));
}

/** The same as a line of a log file. */
export function formatProgressText(event: ProgressEvent, speed: Speed | null): string {
  return `${printable(event.phase)}: ${facts(event, speed, ' of ').join(', ')}`;
}
