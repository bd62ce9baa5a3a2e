import { describe, expect, it } from 'vitest';
import { recordedSurroundings } from '../../test/surroundings.ts';
import { createJsonOutput } from './json-output.ts';
import type { OutputOptions } from './output.ts';

const options: OutputOptions = {
  json: true,
  jsonOnStderr: false,
  quiet: false,
  verbose: false,
  progress: true,
};

function play(chosen: OutputOptions): { stdout: object[]; stderr: object[] } {
  const { surroundings, stdout, stderr } = recordedSurroundings([]);
  const output = createJsonOutput(chosen, surroundings);
  output.onEvent({ type: 'step', phase: 'media', text: 'reading' });
  output.onEvent({ type: 'progress', phase: 'media', doneBytes: 1, doneItems: 1, items: 'files' });
  output.onEvent({ type: 'warning', text: 'careful' });
  output.note(() => ['for people']);
  const page = () => ({ stdout: ['for people'], stderr: [] });
  output.result('inspect', { result: { excluded: [] }, exitCode: 0, page });
  const lines = (text: string): object[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as object);
  return { stdout: lines(stdout()), stderr: lines(stderr()) };
}

const result = { type: 'result', verb: 'inspect', exitCode: 0, excluded: [] };

describe('createJsonOutput', () => {
  it('writes events, then the result with its fields at the top level', () => {
    const { stdout, stderr } = play(options);
    expect(stdout.map((line) => (line as { type: string }).type)).toEqual([
      'step',
      'progress',
      'warning',
      'result',
    ]);
    expect(stdout.at(-1)).toEqual(result);
    expect(stderr).toEqual([]);
  });

  it('keeps warnings and the result with --quiet', () => {
    expect(play({ ...options, quiet: true }).stdout).toEqual([
      { type: 'warning', text: 'careful' },
      result,
    ]);
  });

  it('writes items as they come, also with --quiet', () => {
    const { surroundings, stdout } = recordedSurroundings([]);
    const output = createJsonOutput({ ...options, quiet: true }, surroundings);
    output.item({ type: 'document' }, () => ['for people']);
    expect(stdout()).toBe('{"type":"document"}\n');
  });

  it('leaves stdout to the archive', () => {
    const { stdout, stderr } = play({ ...options, jsonOnStderr: true, progress: false });
    expect(stdout).toEqual([]);
    expect(stderr).toHaveLength(3);
  });
});
