// Numbers for people: sizes in powers of 1024 (KiB, MiB, ... as `du -h` counts), durations, counts with separators.

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const counts = new Intl.NumberFormat('en-US');

/** `1,234`. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** `1 file`, `2 files`, `1,234 files`. The plural adds an s unless given. */
export function formatItems(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `0 B`, `999 B`, `1.0 KiB`, `12.3 MiB`, `456 GiB`: three digits at most before the unit. */
export function formatSize(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 and more would be shown as 1000: the next unit reads better.
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${sizeUnits[unit]}`;
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 7 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** `0:08`, `12:30`, `1:02:03`: for the line that is redrawn, where a steady width counts. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** `2026-11-21 03:15:00 UTC` from an ISO timestamp; anything else is returned as it is. */
export function formatTime(iso: string): string {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso);
  return found ? `${found[1]} ${found[2]} UTC` : iso;
}
