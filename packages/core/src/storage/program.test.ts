// What a program says is shown as one short line without secrets, and a program that does not behave is ended.

import { expect, test } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { askProgram, lastWords } from './program.ts';

const environment = { PATH: process.env['PATH'], RESTIC_PASSWORD: 'hunter2', HOME: '/home/me' };

const shell = (script: string) => ({
  command: 'sh',
  arguments: ['-c', script],
  environment,
  workingDirectory: '/',
});

test.each([
  ['first\nlast words\n\n', 'last words'],
  ['', 'it said nothing'],
  ['2026/11/21 23:57:00 Failed to copy', 'Failed to copy'],
  ['cannot open https://me:pw@host/x', 'cannot open https://***@host/x'],
  ['password hunter2 is wrong', 'password *** is wrong'],
  ['in /home/me', 'in /home/me'],
  ['\u001b[31mred\u0007', '[31mred'],
  ['x'.repeat(1000), 'x'.repeat(300)],
])('%j is shown as %j', (said, shown) => {
  expect(lastWords(said, environment)).toBe(shown);
});

test('a program that writes without end is stopped', async () => {
  expect((await rejection(askProgram(shell('yes'), 100_000))).code).toBe('server-unreachable');
});

test('an interrupted program is ended', async () => {
  const interrupt = new AbortController();
  const asked = askProgram(shell('exec sleep 100'), 10, interrupt.signal);
  interrupt.abort();
  expect((await rejection(asked)).code).toBe('interrupted');
});
