// From flags, variables and files to what encrypts and opens an archive. Whatever goes wrong, no secret is in a message.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordedSurroundings } from '../test/surroundings.ts';
import type { Values } from './arguments/flags.ts';
import type { Call } from './commands/command.ts';
import { createEncryption } from './encryption.ts';
import { createKeys } from './keys.ts';
import { createOutput } from './output/create-output.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dms-backup-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string | Buffer, mode = 0o600): string {
  writeFileSync(join(folder, name), text, { mode });
  chmodSync(join(folder, name), mode);
  return name;
}

interface Situation {
  environment?: Record<string, string>;
  /** What somebody types at the terminal; absent: there is none. */
  typed?: readonly string[];
}

function callOf(values: Values, { environment = {}, typed }: Situation = {}) {
  const { surroundings, stderr } = recordedSurroundings([], {
    environment: { PATH: process.env['PATH'] ?? '', ...environment },
    workingDirectory: folder,
    terminal: typed !== undefined,
  });
  let asked = 0;
  // answers when a question has been written, as a person does
  surroundings.stderr.on('data', (text: Buffer) => {
    if (!text.toString().endsWith(': ')) return;
    const answer = typed?.[asked++] ?? '';
    setImmediate(() => (surroundings.stdin as PassThrough).write(`${answer}\r`));
  });
  const options = {
    json: false,
    jsonOnStderr: false,
    quiet: true,
    verbose: false,
    progress: false,
  };
  const output = createOutput(options, surroundings);
  const call: Call = { operands: [], values, surroundings, output };
  return { call, stderr, asked: () => asked };
}

const encryptionOf = (values: Values, situation?: Situation) =>
  createEncryption(callOf(values, situation).call);
const passphraseOf = (values: Values, situation?: Situation) =>
  createKeys(callOf(values, situation).call).passphrase?.();

async function refusal(promise: Promise<unknown> | undefined): Promise<string> {
  const error: unknown = await Promise.resolve(promise).then(
    () => undefined,
    (found: unknown) => found,
  );
  if (error instanceof UsageError) return `${error.message}\n${error.hint ?? ''}`;
  throw new Error('not refused', { cause: error });
}

describe('the passphrase', () => {
  const environment = { DMS_BACKUP_PASSPHRASE: 'variable', DMS_BACKUP_PASSPHRASE_FILE: 'named' };

  it('comes from the flag, then the variables, then the terminal', async () => {
    file('flagged', 'from the flag\r\n\n');
    file('named', 'of the variable');
    const all = { environment, typed: ['typed'] };
    expect(await passphraseOf({ passphraseFile: 'flagged' }, all)).toBe('from the flag');
    expect(await passphraseOf({ passphraseCommand: 'echo " by command"' }, all)).toBe(
      ' by command',
    );
    expect(await passphraseOf({}, all)).toBe('variable');
    expect(
      await passphraseOf(
        {},
        { ...all, environment: { ...environment, DMS_BACKUP_PASSPHRASE: '' } },
      ),
    ).toBe('of the variable');
    expect(await passphraseOf({}, { typed: ['größer als'] })).toBe('größer als');
    expect(await passphraseOf({}, { typed: [''] })).toBeUndefined();
    expect(await passphraseOf({})).toBeUndefined();
  });

  it('is looked for when it is wanted, and once', async () => {
    const { call, asked } = callOf({}, { typed: ['typed', 'another'] });
    const keys = createKeys(call);
    expect(asked()).toBe(0);
    expect(await keys.passphrase?.()).toBe('typed');
    expect(await keys.passphrase?.()).toBe('typed');
    expect(asked()).toBe(1);
  });

  it('is not echoed', async () => {
    const { call, stderr } = callOf({}, { typed: ['open sesame'] });
    expect(await createKeys(call).passphrase?.()).toBe('open sesame');
    expect(stderr()).toBe('Passphrase of the archive: \n');
  });

  it.each([
    ['is empty', '\n', 'empty'],
    ['has two lines', 'open\nsesame\n', 'more than one line'],
    ['holds NUL', 'open\0sesame', 'more than one line'],
    ['is no text', Buffer.from([0x6f, 0xff]), 'not UTF-8'],
    ['is an archive', Buffer.alloc(300_000, 'sesame'), 'too large'],
  ])('a file that %s', async (_, content, says) => {
    const said = await refusal(passphraseOf({ passphraseFile: file('f', content) }));
    expect(said).toContain(says);
    expect(said).not.toContain('sesame');
  });

  it('a file that is not there', async () => {
    expect(await refusal(passphraseOf({ passphraseFile: 'none' }))).toContain(
      "cannot read the passphrase file 'none' (ENOENT)",
    );
  });

  it.each([
    ['echo sesame; exit 3', 'exit code 3'],
    ['true', 'empty'],
    ['echo open; echo sesame', 'more than one line'],
    ['yes sesame 2>&-', 'prints too much'],
  ])('the command `%s`', async (passphraseCommand, says) => {
    const said = await refusal(passphraseOf({ passphraseCommand }));
    expect(said).toContain(says);
    expect(said).not.toContain('sesame');
  });

  it('of a new archive is typed twice', async () => {
    const values: Values = { encrypt: 'age' };
    expect(await encryptionOf(values, { typed: ['same', 'same'] })).toEqual({
      method: 'age',
      recipients: [],
      passphrase: 'same',
    });
    expect(await refusal(encryptionOf(values, { typed: ['one', 'other'] }))).toContain('differ');
    expect(await refusal(encryptionOf(values, { typed: [''] }))).toContain('needs a recipient');
  });
});

describe('files that others can read', () => {
  it.each([
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
  ])('mode %o: a warning is %s', async (mode, isWarned) => {
    const { call, stderr } = callOf({
      identity: [file('key', 'AGE-SECRET-KEY-1X', mode)],
      passphraseFile: file('pass', 'word', mode),
    });
    const keys = createKeys(call);
    expect(keys.identities).toEqual(['AGE-SECRET-KEY-1X']);
    expect(await keys.passphrase?.()).toBe('word');
    expect(stderr().includes("others can read the identity file 'key'")).toBe(isWarned);
    expect(stderr().includes("others can read the passphrase file 'pass'")).toBe(isWarned);
  });

  it('is no matter for recipients', async () => {
    const { call, stderr } = callOf({ encrypt: 'age', recipient: [file('r', 'age1x', 0o644)] });
    expect(await createEncryption(call)).toEqual({ method: 'age', recipients: ['age1x'] });
    expect(stderr()).toBe('');
  });
});

describe('recipients', () => {
  it('are words, and lines of files', async () => {
    const team = file('team', '# the team\nage1bob\r\n\n  age1carol  \n');
    expect(await encryptionOf({ encrypt: 'age', recipient: ['age1alice', team] })).toEqual({
      method: 'age',
      recipients: ['age1alice', 'age1bob', 'age1carol'],
    });
  });

  it('of gpg are taken as they are, also with a passphrase of a flag', async () => {
    const values: Values = { encrypt: 'gpg', recipient: ['alice@example.org'] };
    const environment = { DMS_BACKUP_PASSPHRASE: 'not meant for this' };
    expect(await encryptionOf(values, { environment })).toEqual({
      method: 'gpg',
      recipients: ['alice@example.org'],
    });
    const both = { ...values, passphraseFile: file('p', 'both') };
    expect(await encryptionOf(both)).toMatchObject({ passphrase: 'both' });
  });

  it('that are missing', async () => {
    expect(await refusal(encryptionOf({ encrypt: 'age' }))).toContain('needs a recipient');
    expect(await refusal(encryptionOf({ encrypt: 'age', recipient: ['bob'] }))).toContain(
      "cannot read the file of recipients 'bob' (ENOENT)",
    );
    const empty = file('empty', '# nobody\n');
    expect(await refusal(encryptionOf({ encrypt: 'age', recipient: [empty] }))).toContain(
      'names nobody',
    );
  });
});

it('a passphrase in the environment does not encrypt by itself, and says so', async () => {
  const { call, stderr } = callOf({}, { environment: { DMS_BACKUP_PASSPHRASE: 'sesame' } });
  expect(await createEncryption(call)).toBeUndefined();
  expect(stderr()).toBe(
    'warning: DMS_BACKUP_PASSPHRASE is set, but without --encrypt the archive is in clear\n',
  );
});
