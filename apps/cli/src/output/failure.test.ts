import { DmsBackupError, errorTable, exitCodes, type ErrorCode } from '@dms-backup/core';
import { describe, expect, it } from 'vitest';
import { recordedSurroundings } from '../../test/surroundings.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure, renderFailure, type FailureContext } from './failure.ts';
import { createJsonOutput } from './json-output.ts';
import { createPaint } from './paint.ts';

const paint = createPaint(false);
const context: FailureContext = {
  environment: { PGPASSWORD: 'hunter2-secret' },
  aborted: false,
  verb: 'restore',
  about: 'dms-backup 0.0.0, Node.js 24, linux x64',
};

async function shown(error: unknown, verbose = false, more: Partial<FailureContext> = {}) {
  return renderFailure(await describeFailure(error, { ...context, ...more }), paint, verbose);
}

describe('renderFailure', () => {
  const codes = Object.keys(errorTable) as ErrorCode[];

  it.each(codes)('%s', async (code) => {
    const lines = await shown(new DmsBackupError(code, "cannot do it with 'x'"));
    expect(lines.join('\n')).toMatchSnapshot();
  });

  it('knows the meaning of every exit code it can return', () => {
    for (const { exitCode } of Object.values(errorTable))
      expect(exitCodes).toHaveProperty(`${exitCode}`);
  });

  it('shows causes and stack with --verbose only', async () => {
    const cause = new Error('cannot connect to postgres://u:hunter2-secret@db/x');
    const error = new DmsBackupError('server-unreachable', "no answer from 'db'", { cause });
    expect(await shown(error)).toHaveLength(2);
    const verbose = (await shown(error, true)).join('\n');
    expect(verbose).toContain('caused by: Error: cannot connect to postgres://u:***@db/x');
    expect(verbose).toMatch(/\n\s+at /);
    expect(verbose).not.toContain('hunter2');
  });

  it('lets no control character of a name reach the terminal', async () => {
    const error = new DmsBackupError('archive-not-found', "no file '\u001b[2J\u202e'");
    expect((await shown(error))[0]).toContain("no file '\\x1b[2J\\u202e'");
  });

  it('takes usage errors of the CLI itself for the same as those of core', async () => {
    const error = new UsageError("unknown flag '--url=postgres://u:pw@h/x'");
    expect(await shown(error)).toEqual([
      "dms-backup: unknown flag '--url=postgres://u:***@h/x' (usage, exit 2)",
      'Run `dms-backup restore --help` to see what it takes.',
    ]);
  });

  it('calls everything else a bug, with the stack and without secrets', async () => {
    const failure = await describeFailure(
      new TypeError('hunter2-secret is not a function'),
      context,
    );
    expect(failure).toMatchObject({
      code: 'bug',
      exitCode: 1,
      message: 'TypeError: *** is not a function',
    });
    const text = renderFailure(failure, paint, false).join('\n');
    expect(text).toMatch(/^dms-backup: this should not happen: TypeError/);
    expect(text).toMatch(/\n\s+at /);
    expect(text).toContain('npm bugs dms-backup');
    expect(text).toContain('dms-backup 0.0.0, Node.js 24');
    expect(text).not.toContain('hunter2');
    expect((await describeFailure('just text', context)).message).toBe('just text');
  });

  it('takes anything that breaks after Ctrl-C for the interruption', async () => {
    const lines = await shown(new Error('socket closed'), false, { aborted: true });
    expect(lines[0]).toBe('dms-backup: interrupted by the user (interrupted, exit 130)');
  });

  it('survives causes that point at each other', async () => {
    const one = new Error('one');
    one.cause = new Error('two', { cause: one });
    expect((await describeFailure(one, context)).causes.length).toBeLessThan(9);
  });
});

describe('failure as JSON', () => {
  it('has the shape that cli.md promises', async () => {
    const { surroundings, stdout } = recordedSurroundings([]);
    const options = {
      json: true,
      jsonOnStderr: false,
      quiet: true,
      verbose: false,
      progress: true,
    };
    const error = new DmsBackupError('no-space', 'cannot write', { context: { free: 1 } });
    createJsonOutput(options, surroundings).failure(await describeFailure(error, context));
    expect(JSON.parse(stdout())).toEqual({
      type: 'error',
      code: 'no-space',
      exitCode: 31,
      message: 'cannot write',
      hint: errorTable['no-space'].hint,
      context: { free: 1 },
    });
  });
});
