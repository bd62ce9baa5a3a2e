import { describe, expect, it } from 'vitest';
import { allCommands } from '../commands/all-commands.ts';
import { UsageError } from '../usage-error.ts';
import { guessVerb, parseCommandLine } from './command-line.ts';

function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

function parse(line: string | string[], directories: readonly string[] = []) {
  const argv = typeof line === 'string' ? words(line) : line;
  return parseCommandLine(argv, (path) => directories.includes(path));
}

function call(line: string | string[], directories: readonly string[] = []) {
  const parsed = parse(line, directories);
  if (parsed.kind !== 'call') throw new Error(`no call but ${parsed.kind}`);
  return { verb: parsed.command.name, operands: parsed.operands, values: parsed.values };
}

function refusal(line: string | string[]): { message: string; hint: string | undefined } {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof UsageError) return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('not refused');
}

describe('the verb', () => {
  it.each([
    ['--app paperless', 'backup', []],
    ['--app paperless /backup', 'backup', ['/backup']],
    ['--app=paperless -', 'backup', ['-']],
    ['backup --app paperless backups', 'backup', ['backups']],
    ['--app paperless backups', 'backup', ['backups']],
    ['verify --json a.tar', 'verify', ['a.tar']],
    ['--json verify a.tar', 'verify', ['a.tar']],
    ['find a.tar invoice acme', 'find', ['a.tar', 'invoice', 'acme']],
    ['extract a.tar --document 1 media/x tree', 'extract', ['a.tar', 'media/x', 'tree']],
    ['--app paperless restore latest', 'restore', ['latest']],
    ['restore --app paperless -- --odd.tar', 'restore', ['--odd.tar']],
    ['doctor --app paperless', 'doctor', []],
    ['apps', 'apps', []],
  ])('%s', (line, verb, operands) => {
    expect(call(line)).toMatchObject({ verb, operands });
  });

  it('is not taken from the value of a flag', () => {
    expect(call('--app verify --media restore')).toMatchObject({
      verb: 'backup',
      values: { app: 'verify', media: 'restore' },
    });
  });

  it('suggests the nearest for one that does not exist', () => {
    expect(refusal('verfy a.tar')).toEqual({
      message: "unknown verb 'verfy'",
      hint: 'Did you mean `dms-backup verify`?',
    });
    expect(refusal('/backup').hint).toContain('a backup needs --app');
  });

  it('does not make a backup into a directory when a verb was misspelt', () => {
    expect(refusal('--app paperless restor')).toMatchObject({ message: "unknown verb 'restor'" });
    expect(refusal('restor a.tar --app paperless').hint).toContain('./restor');
    expect(call('--app paperless chek', ['chek'])).toMatchObject({ operands: ['chek'] });
    expect(call('--app paperless ./restor')).toMatchObject({ operands: ['./restor'] });
  });
});

describe('flags', () => {
  it('reads all flags of a backup', () => {
    const line =
      'backup --app paperless --config a --config b --database sqlite:x --database-password-file f --media m --data d --app-version 3.0.5 ' +
      '--filename {app} --compression gzip --level 9 --only media --exclude-class derived,history ' +
      '--exclude-class ephemeral --dry-run --json --quiet --no-progress dest';
    expect(call(line)).toEqual({
      verb: 'backup',
      operands: ['dest'],
      values: {
        app: 'paperless',
        config: ['a', 'b'],
        database: 'sqlite:x',
        databasePasswordFile: 'f',
        media: 'm',
        data: 'd',
        appVersion: '3.0.5',
        filename: '{app}',
        compression: 'gzip',
        level: 9,
        only: 'media',
        excludeClass: ['derived', 'history', 'ephemeral'],
        dryRun: true,
        json: true,
        quiet: true,
        progress: false,
      },
    });
  });

  it('reads the flags of encryption', () => {
    const line =
      'backup --app p --encrypt gpg --recipient a --recipient b --passphrase-command pass dest';
    expect(call(line).values).toMatchObject({
      encrypt: 'gpg',
      recipient: ['a', 'b'],
      passphraseCommand: 'pass',
    });
    const keys = '--identity a --identity b --passphrase-file f';
    for (const verb of ['verify a', 'inspect a', 'drill a', 'diff a b', 'restore a --app p'])
      expect(call(`${verb} ${keys}`).values).toMatchObject({
        identity: ['a', 'b'],
        passphraseFile: 'f',
      });
  });

  it('reads all flags of find and extract', () => {
    expect(call('find --files a.tar').values).toMatchObject({ files: true });
    const extract = 'extract a.tar --document 7 --document=8 --all-versions --to -';
    expect(call(extract).values).toMatchObject({
      document: ['7', '8'],
      allVersions: true,
      to: '-',
    });
    expect(refusal(['extract', 'a.tar', 'media', '']).message).toBe('PATH is empty');
  });

  it('reads all flags of a drill', () => {
    const line =
      'drill a.tar.zst --server postgres://me@db --database-password-file f --to /srv --keep --app paperless';
    expect(call(line)).toMatchObject({
      operands: ['a.tar.zst'],
      values: {
        server: 'postgres://me@db',
        databasePasswordFile: 'f',
        to: '/srv',
        keep: true,
        app: 'paperless',
      },
    });
    expect(refusal('drill -').message).toContain('with a name');
    expect(refusal('drill a --database sqlite:x').message).toBe(
      '--database is not a flag of `drill`',
    );
  });

  it('reads all flags of a restore', () => {
    const line =
      'restore latest --app paperless --from /backup --plan --yes --media-strategy merge --no-undo ' +
      '--accept-unknown-version --verbose';
    expect(call(line).values).toEqual({
      app: 'paperless',
      from: '/backup',
      plan: true,
      yes: true,
      mediaStrategy: 'merge',
      undo: false,
      acceptUnknownVersion: true,
      verify: true,
      verbose: true,
      progress: true,
    });
  });

  it.each([
    ['verify --jsn a.tar', "unknown flag '--jsn'", 'Did you mean --json?'],
    ['verify --jsn=postgres a.tar', "unknown flag '--jsn'", 'Did you mean --json?'],
    ['--bogus x', "unknown flag '--bogus'", undefined],
    ['verify -x a.tar', "unknown flag '-x'", undefined],
    ['verify --media m a.tar', '--media is not a flag of `verify`', undefined],
    [
      'verify --app paperless a.tar',
      '--app goes with the archive `latest` only',
      'Leave --app out.',
    ],
    ['verify', '`verify` needs ARCHIVE', undefined],
    ['apps now', "too many arguments for `apps`: 'now'", expect.any(String)],
    ['verify a b', "too many arguments for `verify`: 'b'", expect.any(String)],
    ['backup --app', '--app needs a value', undefined],
    ['verify --database-password-file f a', expect.stringContaining('not a flag'), undefined],
    [
      'doctor --app p --database-password-file',
      expect.stringContaining('needs a value'),
      undefined,
    ],
    ['backup', '--app is missing', expect.stringContaining('--app paperless')],
    ['backup --app --json', "--app cannot be '--json'", expect.stringContaining('flag')],
    ['--app p --compression lz4', "--compression cannot be 'lz4'", expect.stringContaining('zstd')],
    ['--app p --only files', "--only cannot be 'files'", expect.stringContaining('database')],
    ['--app p --exclude-class old', "--exclude-class cannot be 'old'", expect.any(String)],
    ['--app p --level high', "--level cannot be 'high'", 'It must be a whole number.'],
    ['--app p --level 0', '--level 0 does not exist for zstd', 'It goes from 1 to 19.'],
    ['--app p --level 20', '--level 20 does not exist for zstd', 'It goes from 1 to 19.'],
    [
      '--app p --compression gzip --level 10',
      '--level 10 does not exist for gzip',
      'It goes from 1 to 9.',
    ],
    [
      '--app p --compression none --level 1',
      '--level has no meaning with --compression none',
      undefined,
    ],
    ['--app p --skip-media --skip-database', expect.stringContaining('leave nothing'), undefined],
    ['--app p --only media --skip-media', expect.stringContaining('contradict'), undefined],
    ['--app p --only database --skip-database', expect.stringContaining('contradict'), undefined],
    ['--app p --filename x -', expect.stringContaining('--filename'), undefined],
    ['--app p --quiet --verbose', expect.stringContaining('contradict'), undefined],
    ['restore a.tar --app p --from d', expect.stringContaining('latest'), expect.any(String)],
    ['restore a.tar --app p --only database --media-strategy merge', expect.any(String), undefined],
    ['restore a.tar', '--app is missing', expect.any(String)],
  ])('%s is refused', (line, message, hint) => {
    expect(refusal(line)).toEqual({ message, hint });
  });

  it.each([
    ['--app p --recipient age1x', 'recipients and passphrases have no meaning without --encrypt'],
    ['--app p --passphrase-file f', 'recipients and passphrases have no meaning without --encrypt'],
    ['--app p --encrypt pgp', "--encrypt cannot be 'pgp'"],
    ['--app p --encrypt age --passphrase-file f --passphrase-command c', 'contradict'],
    ['--app p --encrypt age --recipient age1x --passphrase-file f', 'not both'],
    ['--app p --encrypt age --identity f', '--identity has no meaning for a backup'],
    ['verify a --recipient age1x', '--recipient is not a flag of `verify`'],
    ['verify a --passphrase-file f --passphrase-command c', 'contradict'],
    ['inspect a --passphrase-file f --passphrase-command c', 'contradict'],
    ['drill a --passphrase-file f --passphrase-command c', 'contradict'],
    ['diff a b --passphrase-file f --passphrase-command c', 'contradict'],
    ['restore a --app p --passphrase-file f --passphrase-command c', 'contradict'],
  ])('%s is refused', (line, message) => {
    expect(refusal(line).message).toContain(message);
  });

  it('a secret key among the words is refused, and not shown', () => {
    for (const line of [
      '--app p --encrypt age --recipient AGE-SECRET-KEY-1SESAME',
      'verify a --identity age-secret-key-1sesame',
    ]) {
      const { message, hint } = refusal(line);
      expect(message).toContain('in the command line');
      expect(`${message} ${hint}`).not.toMatch(/sesame/i);
    }
  });

  it('takes an empty word for what it is: an unset variable', () => {
    expect(refusal(['--app', 'p', '--media', '']).message).toBe("--media cannot be ''");
    expect(refusal(['--app', 'p', '']).message).toBe('DESTINATION is empty');
    expect(refusal(['verify', '']).message).toBe('ARCHIVE is empty');
  });
});

describe('help and version', () => {
  it.each(['--version', '-V', 'backup --version', '--json --version'])('%s', (line) => {
    expect(parse(line)).toEqual({ kind: 'version' });
  });

  it.each(['--help', '-h', 'help', '--app p --help'])('%s is the page of all verbs', (line) => {
    const parsed = parse(line);
    expect(parsed).toMatchObject({ kind: 'help', exitCode: 0 });
    const text = parsed.kind === 'help' ? parsed.text : '';
    for (const { name, summary } of allCommands)
      expect(text).toMatch(new RegExp(`${name} +${summary.slice(0, 9)}`));
    expect(text).toContain('130 interrupted');
  });

  it('is the answer to no words at all, as an error', () => {
    expect(parse('')).toMatchObject({ kind: 'help', exitCode: 2 });
  });

  it.each(allCommands.map(({ name }) => name))(
    '%s has a page with examples and exit codes',
    (name) => {
      for (const line of [`${name} --help`, `help ${name}`, `${name} --bogus -h`]) {
        const parsed = parse(line);
        expect(parsed).toMatchObject({ kind: 'help', exitCode: 0 });
        const text = parsed.kind === 'help' ? parsed.text : '';
        expect(text).toMatch(new RegExp(`^Usage: dms-backup ${name}`));
        expect(text).toContain('Examples:');
        expect(text).toContain('Exit codes:');
        expect(text.split('\n').every((row) => row.length <= 130)).toBe(true);
      }
    },
  );

  it('refuses help for what is not there', () => {
    expect(refusal('help verfy').hint).toContain('verify');
  });
});

describe('guessVerb', () => {
  it.each([
    ['verify --bogus', 'verify'],
    ['--app p x', 'backup'],
    ['bogus', undefined],
  ])('%s', (line, verb) => {
    expect(guessVerb(words(line))).toBe(verb);
  });
});
