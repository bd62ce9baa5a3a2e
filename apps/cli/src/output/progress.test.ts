import type { ProgressEvent } from '@dms-backup/core';
import { describe, expect, it } from 'vitest';
import { SpeedMeter, formatProgressLine, formatProgressText } from './progress.ts';

const mebibyte = 1024 * 1024;

function event(doneBytes: number, more: Partial<ProgressEvent> = {}): ProgressEvent {
  return { type: 'progress', phase: 'media', doneBytes, doneItems: 12, items: 'files', ...more };
}

describe('formatProgressLine', () => {
  it('shows bar, bytes, items, rate and time left', () => {
    const line = formatProgressLine(
      event(50 * mebibyte, { totalBytes: 200 * mebibyte, doneItems: 1234, totalItems: 5000 }),
      { bytesPerSecond: 10 * mebibyte, secondsLeft: 15 },
      200,
    );
    expect(line).toBe(
      'media  [#####---------------]  25 %  50.0 MiB/200 MiB  1,234/5,000 files  10.0 MiB/s  0:15 left',
    );
  });

  it('does without what is unknown', () => {
    expect(formatProgressLine(event(0, { items: 'rows' }), null, 80)).toBe('media  12 rows');
    expect(formatProgressLine(event(mebibyte), null, 80)).toBe('media  1.0 MiB  12 files');
  });

  it('measures by items when bytes have no total', () => {
    const line = formatProgressLine(event(0, { doneItems: 3, totalItems: 4 }), null, 80);
    expect(line).toBe('media  [#######---]  75 %  3/4 files');
  });

  it('never says more than all', () => {
    const line = formatProgressLine(event(11, { totalBytes: 10 }), null, 80);
    expect(line).toContain('100 %');
    expect(formatProgressLine(event(999, { totalBytes: 1000 }), null, 80)).toContain('99 %');
  });

  it('fits the terminal: a shorter bar, none, then cut', () => {
    const wide = event(mebibyte, { totalBytes: 2 * mebibyte });
    expect(formatProgressLine(wide, null, 80)).toBe(
      'media  [#####-----]  50 %  1.0 MiB/2.0 MiB  12 files',
    );
    expect(formatProgressLine(wide, null, 60)).toBe('media  50 %  1.0 MiB/2.0 MiB  12 files');
    expect(formatProgressLine(wide, null, 20)).toHaveLength(19);
  });

  it('lets no control character through', () => {
    const line = formatProgressLine(event(0, { phase: 'a\u001b[2J', items: 'x\ny' }), null, 80);
    expect(line).toBe('a\\x1b[2J  12 x\\ny');
  });
});

describe('formatProgressText', () => {
  it('is one plain line', () => {
    const text = formatProgressText(event(mebibyte, { totalBytes: 4 * mebibyte }), {
      bytesPerSecond: mebibyte,
      secondsLeft: 3,
    });
    expect(text).toBe('media: 25 %, 1.0 MiB of 4.0 MiB, 12 files, 1.0 MiB/s, 0:03 left');
  });
});

describe('SpeedMeter', () => {
  it('knows nothing at first, then the mean of the last seconds', () => {
    const meter = new SpeedMeter();
    expect(meter.measure(event(0, { totalBytes: 100_000 }), 0)).toBeNull();
    expect(meter.measure(event(500, { totalBytes: 100_000 }), 1000)).toBeNull();
    expect(meter.measure(event(2000, { totalBytes: 100_000 }), 2000)).toEqual({
      bytesPerSecond: 1000,
      secondsLeft: 98,
    });
    // The slow start leaves the window.
    for (let second = 3; second <= 20; second++)
      meter.measure(event(2000 + (second - 2) * 5000, { totalBytes: 100_000 }), second * 1000);
    expect(meter.measure(event(97_000, { totalBytes: 100_000 }), 21_000)?.bytesPerSecond).toBe(
      5000,
    );
  });

  it('begins anew with every phase and says nothing when nothing moves', () => {
    const meter = new SpeedMeter();
    meter.measure(event(0), 0);
    expect(meter.measure(event(4000), 2000)).toEqual({ bytesPerSecond: 2000 });
    expect(meter.measure(event(5, { phase: 'database' }), 3000)).toBeNull();
    expect(meter.measure(event(5, { phase: 'database' }), 9000)).toBeNull();
  });
});
