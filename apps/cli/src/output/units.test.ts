import { describe, expect, it } from 'vitest';
import {
  formatClock,
  formatCount,
  formatDuration,
  formatItems,
  formatSize,
  formatTime,
} from './units.ts';

describe('formatSize', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1024, '1.0 KiB'],
    [12_593, '12.3 KiB'],
    [1024 * 99.96, '100 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [1_288_490_189, '1.2 GiB'],
    [5e17, '444 PiB'],
    [-1, '0 B'],
  ])('%d is %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0.0 s'],
    [440, '0.4 s'],
    [9960, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [185_000, '3 min 5 s'],
    [3_600_000, '1 h'],
    [7_620_000, '2 h 7 min'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('formatClock', () => {
  it.each([
    [8, '0:08'],
    [750, '12:30'],
    [3723, '1:02:03'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatClock(seconds)).toBe(text);
  });
});

describe('counts and times', () => {
  it('separates thousands and knows one from many', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect(formatItems(1, 'file')).toBe('1 file');
    expect(formatItems(0, 'entry', 'entries')).toBe('0 entries');
  });

  it('shows UTC and leaves other text alone', () => {
    expect(formatTime('2026-11-21T03:15:00.123Z')).toBe('2026-11-21 03:15:00 UTC');
    expect(formatTime('yesterday')).toBe('yesterday');
  });
});
