import type { Adapter } from '@dms-backup/core';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { adapterFlags, appWord } from './adapter-flags.ts';
import { needsAdapterFlags, parseCommandLine } from './command-line.ts';

const adapter = (...options: NonNullable<Adapter['options']>): Adapter =>
  ({ name: 'shoebox', options }) as unknown as Adapter;

const flags = adapterFlags(
  adapter(
    { name: 'file-column', value: 'COLUMN', repeatable: true, help: 'a column with file names' },
    { name: 'manage', value: 'FILE', help: 'asks the project' },
    { name: 'include-drafts', help: 'drafts, too' },
  ),
);

function parse(line: string) {
  return parseCommandLine(line.split(' '), () => false, flags);
}

describe('flags of an adapter', () => {
  it('arrive by name, in order; one without a value says true', () => {
    expect(
      parse('--app shoebox --file-column a.b /backup --file-column=c.d --include-drafts'),
    ).toMatchObject({
      kind: 'call',
      operands: ['/backup'],
      values: { adapterOptions: { 'file-column': ['a.b', 'c.d'], 'include-drafts': ['true'] } },
    });
  });

  it('are not there when they are not given', () => {
    const parsed = parse('--app shoebox');
    expect(parsed.kind === 'call' && parsed.values).not.toHaveProperty('adapterOptions');
  });

  it.each([
    ['--app shoebox --file-column', '--file-column needs a value'],
    ['--app shoebox --manage a --manage b', "--manage cannot be 'b'"],
    ['--app shoebox --file-colum x', "unknown flag '--file-colum'"],
    ['verify --file-column x a.tar', '--file-column is not a flag of `verify`'],
  ])('%s', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('are suggested for one that is written wrong', () => {
    const caught = (() => {
      try {
        return parse('--app shoebox --file-colum x');
      } catch (error) {
        return error as UsageError;
      }
    })();
    expect(caught).toMatchObject({ hint: 'Did you mean --file-column?' });
  });

  it('are in the help of the verbs that ask the adapter', () => {
    const help = (line: string): string => {
      const parsed = parse(line);
      return parsed.kind === 'help' ? parsed.text : '';
    };
    expect(help('backup --app shoebox --help')).toMatch(
      /Of this adapter alone:\s+--file-column <COLUMN>\s+a column with file names \(repeatable\)/,
    );
    expect(help('verify --help')).not.toContain('--file-column');
  });

  it('cannot be flags of the tool', () => {
    expect(() => adapterFlags(adapter({ name: 'media', value: 'DIR', help: '' }))).toThrow(
      "the adapter 'shoebox' has a flag --media, which is a flag of dms-backup itself",
    );
    expect(() => adapterFlags(adapter({ name: 'encrypt', help: '' }))).toThrow(UsageError);
  });
});

it.each([
  ['--app x /b', false],
  ['--app x --file-column a', true],
  ['backup --app x --help', true],
  ['--app x --encrypt age', false],
  ['-- --file-column', false],
])('the adapter is asked for %s: %s', (line, expected) => {
  expect(needsAdapterFlags(line.split(' '))).toBe(expected);
});

it.each([
  ['backup --app x', 'x'],
  ['--app=y z', 'y'],
  ['verify a', undefined],
  ['verify -- --app x', undefined],
])('the word after --app of %s', (line, expected) => {
  expect(appWord(line.split(' '))).toBe(expected);
});
