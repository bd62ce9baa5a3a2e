// From words to one call: verb, operands, checked flags. Pure apart from one look whether a directory exists; loads
// neither core nor an adapter.

import { CommanderError } from 'commander';
import { allCommands } from '../commands/all-commands.ts';
import type { Command } from '../commands/command.ts';
import { nearest } from '../nearest.ts';
import { UsageError } from '../usage-error.ts';
import { assertWord, flags, longName, type Values } from './flags.ts';
import { createParser, programHelp } from './help.ts';
import type { AdapterFlag } from './adapter-flags.ts';
import { assertKnownFlags, hasStrangers, scanWords, type Scan } from './scan.ts';

export type Parsed =
  | { readonly kind: 'help'; readonly text: string; readonly exitCode: 0 | 2 }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'call';
      readonly command: Command;
      readonly operands: readonly string[];
      readonly values: Values;
    };

function commandNamed(name: string): Command | undefined {
  return allCommands.find((command) => command.name === name);
}

const knownVerbs = [...allCommands.map((command) => command.name), 'help'];

function unknownVerb(word: string): UsageError {
  const similar = /[/.]/.test(word) ? undefined : nearest(word, knownVerbs);
  return new UsageError(
    `unknown verb '${word}'`,
    similar === undefined
      ? 'Run `dms-backup --help` to see the verbs; a backup needs --app.'
      : `Did you mean \`dms-backup ${similar}\`?`,
  );
}

/** `bakcup` or `restor` without a verb is a typing mistake, unless such a directory is there. */
function assertDestination(word: string, isDirectory: (path: string) => boolean): void {
  if (!/^[a-z]+$/i.test(word) || word.startsWith('backup')) return;
  const similar = nearest(word, knownVerbs);
  if (similar === undefined || isDirectory(word)) return;
  throw new UsageError(
    `unknown verb '${word}'`,
    `Did you mean \`dms-backup ${similar}\`? As a destination write \`./${word}\`.`,
  );
}

/** Which command is meant, and the words without its name. */
function findCommand(
  argv: readonly string[],
  scan: Scan,
  isDirectory: (path: string) => boolean,
): { command: Command; words: string[] } | { help: string; exitCode: 0 | 2 } {
  const asksForHelp = scan.flags.has('--help') || scan.flags.has('-h');
  const first = scan.operands[0];
  if (first?.word === 'help') {
    const about = scan.operands[1]?.word;
    if (about === undefined) return { help: programHelp(allCommands), exitCode: 0 };
    const command = commandNamed(about);
    if (command === undefined) throw unknownVerb(about);
    return { command, words: ['--help'] };
  }
  const command = first === undefined ? undefined : commandNamed(first.word);
  if (first !== undefined && command !== undefined)
    return { command, words: argv.filter((_, index) => index !== first.index) };

  const backup = commandNamed('backup');
  if (asksForHelp || backup === undefined) return { help: programHelp(allCommands), exitCode: 0 };
  if (!scan.flags.has('--app')) {
    assertKnownFlags(scan);
    if (first !== undefined) throw unknownVerb(first.word);
    return { help: programHelp(allCommands), exitCode: 2 };
  }
  if (first !== undefined) assertDestination(first.word, isDirectory);
  return { command: backup, words: [...argv] };
}

const knownFlagNames: ReadonlySet<string> = new Set(Object.values(flags).map(longName));

/** Says commander's complaint in our words. */
function translate(
  error: CommanderError,
  command: Command,
  operands: readonly string[],
  more: readonly AdapterFlag[],
): UsageError {
  const message = error.message.replace(/^error: /, '').replace(/\.$/, '');
  if (error.code === 'commander.unknownOption') {
    const name = /'(-[^'=]*)/.exec(message)?.[1] ?? '';
    if (knownFlagNames.has(name) || more.some((flag) => longName(flag) === name))
      return new UsageError(`${name} is not a flag of \`${command.name}\``);
  }
  if (error.code === 'commander.missingArgument')
    return new UsageError(
      `\`${command.name}\` needs ${command.operands.map(({ name }) => name).join(' ')}`,
    );
  if (error.code === 'commander.excessArguments') {
    const extra = operands.slice(command.operands.length).map((word) => `'${word}'`);
    return new UsageError(
      `too many arguments for \`${command.name}\`: ${extra.join(', ')}`,
      'Put names with spaces in quotes, and flags before or after the arguments.',
    );
  }
  if (error.code === 'commander.invalidArgument') {
    // option '--level <N>' argument 'x' is invalid. It must be ...
    const found = /^option '(--[^ ']+)[^']*' argument '([\s\S]*)' is invalid\. ?([\s\S]*)$/.exec(
      message,
    );
    if (found)
      return new UsageError(
        `${found[1]} cannot be '${found[2]}'`,
        `${(found[3] ?? '').replace(/\.$/, '')}.`,
      );
  }
  if (error.code === 'commander.optionMissingArgument') {
    const name = /'(--[^ ']+)/.exec(message)?.[1] ?? message;
    return new UsageError(`${name} needs a value`);
  }
  return new UsageError(message);
}

/** True for `--quiet --verbose` and the like, which no command can mean. */
function assertEverywhere(values: Values): void {
  if (values.quiet && values.verbose)
    throw new UsageError('--quiet and --verbose contradict each other');
}

/** True when only the flags of the adapter after --app can explain the words, or are to be shown in the help. */
export function needsAdapterFlags(argv: readonly string[]): boolean {
  const scan = scanWords(argv);
  return hasStrangers(scan) || scan.flags.has('--help') || scan.flags.has('-h');
}

/** Reads the command line; `more` are the flags of the adapter. Throws {@link UsageError}. */
export function parseCommandLine(
  argv: readonly string[],
  isDirectory: (path: string) => boolean,
  more: readonly AdapterFlag[] = [],
): Parsed {
  const scan = scanWords(argv, more);
  if (scan.flags.has('--version') || scan.flags.has('-V')) return { kind: 'version' };
  const found = findCommand(argv, scan, isDirectory);
  if ('help' in found) return { kind: 'help', text: found.help, exitCode: found.exitCode };

  const { command, words } = found;
  let helpText = '';
  const parser = createParser(command, more, (text) => (helpText += text));
  if (words.includes('--help') || scan.flags.has('--help') || scan.flags.has('-h')) {
    parser.outputHelp();
    return { kind: 'help', text: helpText, exitCode: 0 };
  }
  assertKnownFlags(scan, more);
  try {
    parser.parse(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError)
      throw translate(
        error,
        command,
        scanWords(words, more).operands.map(({ word }) => word),
        more,
      );
    throw error;
  }
  const operands = parser.args;
  operands.forEach((word, index) => {
    const { name } = command.operands[index] ?? command.operands.at(-1)!;
    assertWord(word, name);
  });
  const values = { ...parser.opts<Values>(), ...adapterValues(parser, more) };
  assertEverywhere(values);
  command.check?.(values, operands);
  return { kind: 'call', command, operands, values };
}

/** What was said with the flags of the adapter; a flag without a value says `true`. */
function adapterValues(
  parser: ReturnType<typeof createParser>,
  more: readonly AdapterFlag[],
): Pick<Values, 'adapterOptions'> {
  const found: Record<string, string[]> = {};
  for (const option of parser.options) {
    const flag = more.find(({ spelling }) => longName({ spelling }) === option.long);
    const value: unknown = parser.getOptionValue(option.attributeName());
    if (flag && value !== undefined)
      found[flag.name] = value === true ? ['true'] : [...(value as string[])];
  }
  return Object.keys(found).length === 0 ? {} : { adapterOptions: found };
}

/** Name of the verb as far as it can be read from words that may be wrong; for hints. */
export function guessVerb(argv: readonly string[]): string | undefined {
  const { operands, flags: seen } = scanWords(argv);
  const name = operands[0]?.word;
  if (name !== undefined && commandNamed(name) !== undefined) return name;
  return seen.has('--app') ? 'backup' : undefined;
}
