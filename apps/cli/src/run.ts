// One run from words to exit code: read the command line, call the command, show the result or the error.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { adapterFlags, appWord, type AdapterFlag } from './arguments/adapter-flags.ts';
import { guessVerb, needsAdapterFlags, parseCommandLine } from './arguments/command-line.ts';
import { scanWords, type Scan } from './arguments/scan.ts';
import { createOutput } from './output/create-output.ts';
import { describeFailure } from './output/failure.ts';
import type { Output, OutputOptions } from './output/output.ts';
import type { Surroundings } from './surroundings.ts';

/** An archive, or a file of one, goes to stdout. */
function sendsContent(argv: readonly string[], operands: Scan['operands']): boolean {
  const verb = guessVerb(argv);
  if (verb === 'extract')
    return argv.some((word, at) => word === '--to=-' || (word === '--to' && argv[at + 1] === '-'));
  return verb === 'backup' && operands.some(({ word }) => word === '-');
}

/** From the words alone, because errors in the words are shown the same way. */
function readOutputOptions({ argv }: Surroundings): OutputOptions {
  const { flags, operands } = scanWords(argv);
  return {
    json: flags.has('--json'),
    jsonOnStderr: sendsContent(argv, operands),
    quiet: flags.has('--quiet'),
    verbose: flags.has('--verbose'),
    progress: !flags.has('--no-progress'),
  };
}

async function showFailure(
  error: unknown,
  surroundings: Surroundings,
  output: Output,
): Promise<number> {
  const { environment, argv, signal } = surroundings;
  const { node } = process.versions;
  const failure = await describeFailure(error, {
    environment,
    aborted: signal.aborted,
    verb: guessVerb(argv),
    about: `dms-backup ${packageJson.version}, Node.js ${node}, ${process.platform} ${process.arch}`,
  });
  output.failure(failure);
  return failure.exitCode;
}

/** The adapter is asked only when the words cannot be understood without it. */
async function readAdapterFlags({ argv, workingDirectory }: Surroundings): Promise<AdapterFlag[]> {
  const app = appWord(argv);
  if (app === undefined || !needsAdapterFlags(argv)) return [];
  const { loadAdapter } = await import('./load-adapter.ts');
  // without its flags the words are explained as far as they go; the command itself reports the adapter
  const loaded = await loadAdapter(app, { workingDirectory }).catch(() => undefined);
  return loaded === undefined ? [] : adapterFlags(loaded.adapter);
}

/** Runs the words of `surroundings` and returns the exit code. Never throws. */
export async function run(surroundings: Surroundings): Promise<number> {
  const { argv, workingDirectory, stdout, stderr } = surroundings;
  const output = createOutput(readOutputOptions(surroundings), surroundings);
  const isDirectory = (path: string): boolean =>
    statSync(resolve(workingDirectory, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  try {
    const parsed = parseCommandLine(argv, isDirectory, await readAdapterFlags(surroundings));
    if (parsed.kind === 'version') {
      stdout.write(`${packageJson.version}\n`);
      return 0;
    }
    if (parsed.kind === 'help') {
      (parsed.exitCode === 0 ? stdout : stderr).write(parsed.text);
      return parsed.exitCode;
    }
    const { command, operands, values } = parsed;
    const outcome = await command.run({ operands, values, surroundings, output });
    output.result(command.name, outcome);
    return outcome.exitCode;
  } catch (error) {
    return showFailure(error, surroundings, output);
  }
}

/** For errors that no `await` saw (`uncaughtException`): shows them as a bug and returns the exit code. */
export async function runCrashed(error: unknown, surroundings: Surroundings): Promise<number> {
  return showFailure(
    error,
    surroundings,
    createOutput(readOutputOptions(surroundings), surroundings),
  );
}
