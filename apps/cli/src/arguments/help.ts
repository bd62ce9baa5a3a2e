// The help texts: commander lays them out from the table of flags, this file adds order, examples and exit codes.

import { Command as Parser, Option } from 'commander';
import type { Command, Operand } from '../commands/command.ts';
import { everywhereFlags, flags, type Flag, type FlagGroup } from './flags.ts';

const groups: Readonly<Record<FlagGroup, string>> = {
  instance: 'Where the instance is (first found wins; `doctor` shows the source of each):',
  adapter: 'Of this adapter alone:',
  verb: 'Flags:',
  everywhere: 'Everywhere:',
};

const groupOrder: readonly FlagGroup[] = ['verb', 'instance', 'adapter', 'everywhere'];

/** Short texts; docs/errors.md lists every error with its code. */
const exitCodeHelp = `Exit codes:
  0 done                                  20 verification failed
  1 bug                                   21 version refused
  2 wrong usage or configuration          22 target not empty or not safe
  3 done, but source data is incomplete   23 restore failed, target unchanged
 10 no such archive                       30 server unreachable
 11 locked                                31 no space
 12 wrong key                            130 interrupted`;

function examplesHelp(examples: readonly string[]): string {
  return `Examples:\n${examples.map((line) => `  ${line}`).join('\n')}`;
}

function quiet(parser: Parser, write: (text: string) => void): Parser {
  return parser
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: write,
      writeErr: () => {},
      getOutHelpWidth: () => 100,
      getOutHasColors: () => false,
    })
    .configureHelp({ helpWidth: 100 });
}

function optionOf(flag: Flag): Option {
  const option = new Option(flag.spelling, flag.text).helpGroup(groups[flag.group]);
  return flag.read === undefined ? option : option.argParser(flag.read);
}

/** Verbs on archives alone take nothing but the name of the application. */
function takesInstance(command: Command): boolean {
  return command.flags.includes('database');
}

/** `PATH`, or `PATH...` for any number of words. */
function operandName({ name, many }: Operand): string {
  return many ? `${name}...` : name;
}

/** commander's parser for one command; `more` are the flags of the adapter. Help goes to `write`, errors are thrown as CommanderError. */
export function createParser(
  command: Command,
  more: readonly Flag[],
  write: (text: string) => void,
): Parser {
  const parser = quiet(new Parser(`dms-backup ${command.name}`), write)
    .description(command.description)
    .addHelpOption(new Option('-h, --help', 'this text').helpGroup(groups.everywhere));
  for (const operand of command.operands) {
    const name = operandName(operand);
    parser.argument(operand.required ? `<${name}>` : `[${name}]`, operand.text);
  }
  const own = [...command.flags, ...everywhereFlags].map((name): Flag => {
    const text = command.flagTexts?.[name];
    return text === undefined ? flags[name] : { ...flags[name], text };
  });
  const wanted = takesInstance(command) ? [...own, ...more] : own;
  for (const group of groupOrder)
    for (const flag of wanted.filter((one) => one.group === group))
      parser.addOption(optionOf(flag));
  // Answered before commander looks; here for the help page only.
  parser.addOption(
    new Option('-V, --version', 'version of dms-backup').helpGroup(groups.everywhere),
  );
  parser.addHelpText('after', `\n${examplesHelp(command.examples)}\n\n${exitCodeHelp}`);
  parser.usage(
    [
      '[flags]',
      ...command.operands.map((operand) =>
        operand.required ? operandName(operand) : `[${operandName(operand)}]`,
      ),
    ].join(' '),
  );
  return parser;
}

/** The text of `dms-backup --help`. */
export function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2;
  const verbs = commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`);
  return `Usage: dms-backup [VERB] [flags]

One command makes one proved archive of a running document management system: database, media and
application version of one instant. A restore is all or nothing, and can be undone.

Verbs (backup is meant when --app is given without one):
${verbs.join('\n')}

\`dms-backup VERB --help\` shows the flags of a verb; --version shows the version of dms-backup.

${examplesHelp([
  'dms-backup --app paperless /backup',
  'dms-backup verify /backup/paperless-3.0.5-20261121T031500Z.tar.zst',
  'dms-backup restore latest --from /backup --app paperless --plan',
  'dms-backup doctor --app paperless --config /etc/paperless.conf',
])}

${exitCodeHelp}
`;
}
