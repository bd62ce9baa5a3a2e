// Codes are promises to scripts: the rendered table is a snapshot, so that no change of a code or exit code goes unseen.

import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { caught } from '../test/caught.ts';
import {
  DmsBackupError,
  assertNotAborted,
  errorTable,
  exitCodes,
  isDmsBackupError,
  systemErrorCode,
} from './errors.ts';
import type { ErrorCode } from './errors.ts';

const codes = Object.keys(errorTable) as ErrorCode[];

describe('the table', () => {
  test('is what was promised', async () => {
    const rendered = codes.map((code) => {
      const { exitCode, hint } = new DmsBackupError(code, 'what was tried');
      return `${code}\n  exit ${exitCode}: ${exitCodes[exitCode]}\n  when ${errorTable[code].when}\n  hint ${hint}\n  leaves ${errorTable[code].leaves}\n`;
    });
    await expect(rendered.join('\n')).toMatchFileSnapshot('../test/error-table.txt');
  });

  test.each(codes)('words %s as the style guide says', (code) => {
    const { when, hint, leaves, exitCode } = errorTable[code];
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(hint).toMatch(/^[A-Z].*\.$/);
    expect(when).toMatch(/^(?:[^A-Z]|Ctrl-C).*[^.]$/);
    expect(leaves).toMatch(/^[^A-Z].*[^.]$/);
    expect(exitCodes).toHaveProperty(String(exitCode));
    // 0 and 1 are no errors of ours, 3 is a result
    expect([0, 1, 3]).not.toContain(exitCode);
  });
});

describe('an error', () => {
  test('has exit code and hint of its code', () => {
    const error = new DmsBackupError('no-space', "cannot write 'x'");
    expect(error.exitCode).toBe(31);
    expect(error.hint).toBe('Free some space or choose another place.');
    expect(error.context).toEqual({});
    expect('cause' in error).toBe(false);
    expect(String(error)).toBe("DmsBackupError: cannot write 'x'");
  });

  test('takes a better hint, context and cause', () => {
    const cause = new Error('below');
    const error = new DmsBackupError('locked', 'x', {
      hint: 'Wait.',
      context: { path: '/x' },
      cause,
    });
    expect([error.hint, error.context, error.cause]).toEqual(['Wait.', { path: '/x' }, cause]);
  });
});

describe('the guard', () => {
  test('knows errors of another copy of this package', () => {
    class DmsBackupErrorOfAnotherCopy extends Error {
      readonly code = 'usage';
      override readonly name = 'DmsBackupError';
    }
    expect(isDmsBackupError(new DmsBackupError('usage', 'x'))).toBe(true);
    expect(isDmsBackupError(new DmsBackupErrorOfAnotherCopy('x'))).toBe(true);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'usage'],
    ['plain data', { name: 'DmsBackupError', code: 'usage' }],
    ['another error', new Error('x')],
    ['a system error', Object.assign(new Error('x'), { code: 'ENOENT' })],
    ['another error with one of our codes', Object.assign(new Error('x'), { code: 'usage' })],
    ['our name without a code', Object.assign(new Error('x'), { name: 'DmsBackupError' })],
    [
      'our name with a code that is no text',
      Object.assign(new Error('x'), { name: 'DmsBackupError', code: 7 }),
    ],
    [
      'our name with an unknown code',
      Object.assign(new Error('x'), { name: 'DmsBackupError', code: 'unknown' }),
    ],
    [
      'our name with a code that every object has',
      Object.assign(new Error('x'), { name: 'DmsBackupError', code: 'toString' }),
    ],
  ])('takes %s for nothing of ours', (_, value) => {
    expect(isDmsBackupError(value)).toBe(false);
  });
});

describe('the code of a system error', () => {
  test('is its text', () => {
    expect(systemErrorCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
  });

  test.each([
    ['an error without code', new Error('x')],
    ['a numeric code', Object.assign(new Error('x'), { code: 5 })],
    ['no error', { code: 'ENOENT' }],
    ['nothing', undefined],
    [
      'an error of another realm',
      runInNewContext('Object.assign(new Error("x"), { code: "ENOENT" })'),
    ],
  ])('is not there for %s', (_, value) => {
    expect(systemErrorCode(value)).toBeUndefined();
  });
});

test('an aborted signal is an interruption, any other is not', () => {
  expect(() => assertNotAborted(undefined)).not.toThrow();
  expect(() => assertNotAborted(new AbortController().signal)).not.toThrow();
  const error = caught(() => assertNotAborted(AbortSignal.abort()));
  expect([error.code, error.exitCode]).toEqual(['interrupted', 130]);
});
