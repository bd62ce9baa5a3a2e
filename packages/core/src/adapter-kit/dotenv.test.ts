import { describe, expect, test } from 'vitest';
import { isDmsBackupError } from '../errors.ts';
import { parseDotenv, type Dialect } from './dotenv.ts';

function parse(
  text: string,
  dialect: Dialect = 'python',
  environment: Record<string, string> = {},
) {
  const lookup = (name: string) => environment[name];
  return Object.fromEntries(parseDotenv(text, { path: '/x/paperless.conf', dialect, lookup }));
}

describe('both dialects', () => {
  test.each<Dialect>(['python', 'compose'])('%s', (dialect) => {
    const text = [
      '\uFEFF# comment',
      '',
      'PLAIN=value',
      '  INDENTED = spaced out  ',
      'export EXPORTED=yes  # trailing comment',
      'HASH=a#b',
      '#OFF=1',
      'EMPTY=',
      'EMPTY_QUOTED=""',
      'DOUBLE="two words # no comment"   # comment',
      "SINGLE='two words # no comment' # comment",
      'ESCAPED="line\\nnext \\"q\\""',
      'UMLAUT=Ärzte & Söhne',
      'TWICE=first',
      'TWICE=second',
      'EQUALS=a=b=c',
    ].join('\r\n');
    expect(parse(text, dialect)).toEqual({
      PLAIN: 'value',
      INDENTED: 'spaced out',
      EXPORTED: 'yes',
      HASH: 'a#b',
      EMPTY: '',
      EMPTY_QUOTED: '',
      DOUBLE: 'two words # no comment',
      SINGLE: 'two words # no comment',
      ESCAPED: 'line\nnext "q"',
      UMLAUT: 'Ärzte & Söhne',
      TWICE: 'second',
      EQUALS: 'a=b=c',
    });
  });

  test('a value may span lines in quotes, and the next line is read', () => {
    expect(parse('A="one\ntwo"\nB=3')).toEqual({ A: 'one\ntwo', B: '3' });
  });

  test('no line end at the end', () => {
    expect(parse('A=1')).toEqual({ A: '1' });
    expect(parse('')).toEqual({});
    expect(parse('# only this')).toEqual({});
  });
});

test('the dialects differ in quotes and dollars', () => {
  const text = "RAW='${HOME}/x'\nBRACES=${HOME}/y\nBARE=$HOME/z";
  const environment = { HOME: '/root' };
  expect(parse(text, 'python', environment)).toEqual({
    RAW: '/root/x',
    BRACES: '/root/y',
    BARE: '$HOME/z',
  });
  expect(parse(text, 'compose', environment)).toEqual({
    RAW: '${HOME}/x',
    BRACES: '/root/y',
    BARE: '/root/z',
  });
});

test('python-dotenv knows escapes in single quotes', () => {
  expect(parse(String.raw`A='it\'s C:\\x'`)).toEqual({ A: String.raw`it's C:\x` });
});

test('a reference sees earlier lines, but the environment wins', () => {
  const text = 'ROOT=/srv\nMEDIA=${ROOT}/media';
  expect(parse(text)).toEqual({ ROOT: '/srv', MEDIA: '/srv/media' });
  expect(parse(text, 'python', { ROOT: '/mnt' })['MEDIA']).toBe('/mnt/media');
});

test('a bare name is passed through by Compose and nothing for python-dotenv', () => {
  expect(parse('FROM_SHELL\nA=1', 'compose', { FROM_SHELL: 'x' })).toEqual({
    FROM_SHELL: 'x',
    A: '1',
  });
  expect(parse('FROM_SHELL\nA=1', 'python', { FROM_SHELL: 'x' })).toEqual({ A: '1' });
  expect(parse('KEY: value', 'compose')).toEqual({ KEY: 'value' });
});

test.each([
  ['an open double quote', 'A=1\nPAPERLESS_SECRET_KEY="hunter2\nB=2\n', 2],
  ['an open single quote', "A=1\n\n# c\nPAPERLESS_SECRET_KEY='hunter2\n", 4],
  ['text after a quote', 'PAPERLESS_SECRET_KEY="hunter2" hunter2\n', 1],
  ['no name', 'A=1\n=hunter2\n', 2],
  ['two words without an equals sign', 'hunter2 hunter2\n', 1],
])('%s is refused with file and line, without the value', (_, text, line) => {
  let thrown: unknown;
  try {
    parse(text);
  } catch (error) {
    thrown = error;
  }
  expect(isDmsBackupError(thrown) && thrown.code).toBe('configuration-invalid');
  expect(thrown).toMatchObject({
    message: `cannot understand line ${line} of '/x/paperless.conf'`,
    context: { file: '/x/paperless.conf', line },
  });
  expect(
    JSON.stringify([thrown, (thrown as Error).message, (thrown as { hint: string }).hint]),
  ).not.toContain('hunter2');
});
