import type { VerbEvent } from '@dms-backup/core';
import { describe, expect, it } from 'vitest';
import { recordedSurroundings } from '../../test/surroundings.ts';
import { createHumanOutput } from './human-output.ts';
import type { OutputOptions } from './output.ts';

const plain: OutputOptions = {
  json: false,
  jsonOnStderr: false,
  quiet: false,
  verbose: false,
  progress: true,
};

function progress(doneBytes: number, phase = 'media'): VerbEvent {
  return { type: 'progress', phase, doneBytes, totalBytes: 1000, doneItems: 1, items: 'files' };
}

function play(options: OutputOptions, terminal: boolean, steps: readonly [number, VerbEvent][]) {
  let time = 0;
  const recorded = recordedSurroundings([], { terminal, columns: 80 });
  const output = createHumanOutput(options, recorded.surroundings, () => time);
  for (const [at, event] of steps) {
    time = at;
    output.onEvent(event);
  }
  output.settle();
  return recorded;
}

const run: readonly [number, VerbEvent][] = [
  [0, { type: 'step', phase: 'media', text: 'reading the files' }],
  [10, progress(0)],
  [50, progress(100)],
  [5000, progress(500)],
  [11_000, progress(900)],
  [11_500, { type: 'warning', text: 'odd name a\u001b[2Jb' }],
  [12_000, progress(0, 'database')],
];

describe('createHumanOutput', () => {
  it('writes plain lines every ten seconds into a log', () => {
    const { stderr, stdout } = play(plain, false, run);
    expect(stderr().split('\n')).toEqual([
      'reading the files',
      'media: 90 %, 900 B of 1.0 KiB, 1 files, 67 B/s, 0:02 left',
      'warning: odd name a\\x1b[2Jb',
      '',
    ]);
    expect(stdout()).toBe('');
  });

  it('redraws one line on a terminal, at most ten times a second, and clears it at the end', () => {
    const { stderr } = play(plain, true, run);
    const drawn = stderr().split('\r\u001b[2K');
    expect(drawn[2]).toContain('50 %');
    // Step, four draws (0, 5000, 11000, 12000), a clear before the warning, a clear at the end.
    expect(drawn).toHaveLength(7);
    expect(stderr().endsWith('\r\u001b[2K')).toBe(true);
  });

  it('shows no progress with --no-progress, and only warnings with --quiet', () => {
    expect(play({ ...plain, progress: false }, true, run).stderr()).not.toContain('%');
    const quiet = play({ ...plain, quiet: true }, false, run).stderr();
    expect(quiet).toBe('warning: odd name a\\x1b[2Jb\n');
  });

  it('puts the result on stdout, the rest on stderr; alarms survive --quiet', () => {
    for (const quiet of [false, true]) {
      const { surroundings, stdout, stderr } = recordedSurroundings([]);
      const output = createHumanOutput({ ...plain, quiet }, surroundings);
      output.result('backup', {
        result: {},
        exitCode: 3,
        page: () => ({ stdout: ['/a.tar'], stderr: ['summary'], alarms: ['missing: x'] }),
      });
      expect(stdout()).toBe('/a.tar\n');
      expect(stderr()).toBe(quiet ? 'missing: x\n' : 'summary\nmissing: x\n');
    }
  });

  it('shows items on stdout as they come, also with --quiet', () => {
    const { surroundings, stdout, stderr } = recordedSurroundings([]);
    const output = createHumanOutput({ ...plain, quiet: true }, surroundings);
    output.item({ type: 'document' }, (paint) => [paint.bold('12  Invoice'), '    a file']);
    expect([stdout(), stderr()]).toEqual(['12  Invoice\n    a file\n', '']);
  });

  it('shows a warning once, whether it came as an event, in the result or both', () => {
    const { surroundings, stderr } = recordedSurroundings([]);
    const output = createHumanOutput({ ...plain, quiet: true }, surroundings);
    output.onEvent({ type: 'warning', text: 'one' });
    const page = () => ({ stdout: [], stderr: [], warnings: ['one', 'two'] });
    output.result('backup', { result: {}, exitCode: 0, page });
    expect(stderr()).toBe('warning: one\nwarning: two\n');
  });

  it('uses colours on a terminal only, and never with NO_COLOR', () => {
    const shown = (terminal: boolean, environment: Record<string, string>): string => {
      const { surroundings, stderr } = recordedSurroundings([], { terminal, environment });
      createHumanOutput(plain, surroundings).warn('x');
      return stderr();
    };
    expect(shown(true, {})).toBe('\u001b[33mwarning:\u001b[39m x\n');
    expect(shown(true, { NO_COLOR: '1' })).toBe('warning: x\n');
    expect(shown(true, { TERM: 'dumb' })).toBe('warning: x\n');
    expect(shown(false, {})).toBe('warning: x\n');
  });
});
