// Where a passphrase comes from: flags, then variables, then a question where somebody can answer. It is never an argument,
// and no message holds it.

import { spawn } from 'node:child_process';
import type { Values } from './arguments/flags.ts';
import type { Call } from './commands/command.ts';
import { canAsk } from './output/question.ts';
import { askSecret } from './output/secret-question.ts';
import { readSmallFile } from './private-file.ts';
import { UsageError } from './usage-error.ts';

const variable = 'DMS_BACKUP_PASSPHRASE';
const fileVariable = 'DMS_BACKUP_PASSPHRASE_FILE';
/** Far more than a passphrase; who prints more has another idea of the command. */
const limitBytes = 64 * 1024;

/** Throws `UsageError` when two flags name a passphrase. */
export function assertOnePassphrase(values: Values): void {
  if (values.passphraseFile !== undefined && values.passphraseCommand !== undefined)
    throw new UsageError('--passphrase-file and --passphrase-command contradict each other');
}

/** Name of the variable that gives a passphrase, if one does. An empty one is as good as none. */
export function passphraseVariable({ surroundings: { environment } }: Call): string | undefined {
  return [variable, fileVariable].find((name) => environment[name]);
}

/** The passphrase of an archive that is there; undefined when nothing names one and nobody can be asked. */
export async function findPassphrase(call: Call): Promise<string | undefined> {
  const found = await namedPassphrase(call);
  if (found !== undefined || !canAsk(call.surroundings)) return found;
  call.output.settle();
  return (await askSecret('Passphrase of the archive: ', call.surroundings)) || undefined;
}

/** The passphrase for a new archive: a question is asked twice. Undefined as in {@link findPassphrase}. */
export async function choosePassphrase(call: Call): Promise<string | undefined> {
  const found = await namedPassphrase(call);
  if (found !== undefined || !canAsk(call.surroundings)) return found;
  call.output.settle();
  const first = await askSecret('Passphrase for the archive: ', call.surroundings);
  if (first === undefined || first === '') return undefined;
  const second = await askSecret('The same again: ', call.surroundings);
  if (first !== second) throw new UsageError('the two passphrases differ', 'Start again.');
  return first;
}

async function namedPassphrase(call: Call): Promise<string | undefined> {
  const { values, surroundings } = call;
  const { passphraseFile, passphraseCommand } = values;
  const fromFile = (path: string): string =>
    oneLine(
      readSmallFile(path, { what: 'passphrase file', isSecret: true }, call),
      `the passphrase file '${path}'`,
    );
  if (passphraseFile !== undefined) return fromFile(passphraseFile);
  if (passphraseCommand !== undefined)
    return oneLine(await runCommand(passphraseCommand, call), 'the passphrase command');
  const direct = surroundings.environment[variable];
  if (direct) return oneLine(direct, variable);
  const path = surroundings.environment[fileVariable];
  return path ? fromFile(path) : undefined;
}

/** Without line ends behind it, as `$(<file)` of a shell has it. */
function oneLine(text: string, source: string): string {
  const line = text.replace(/[\r\n]+$/, '');
  if (line === '') throw new UsageError(`${source} gives an empty passphrase`);
  if (/[\r\n\0]/.test(line))
    throw new UsageError(`${source} gives more than one line`, 'A passphrase is one line of text.');
  return line;
}

function runCommand(command: string, { surroundings }: Call): Promise<string> {
  const { environment, workingDirectory, signal } = surroundings;
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      cwd: workingDirectory,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length;
      // the shell may have started others: they see that nobody reads
      if (bytes > limitBytes) child.stdout.destroy();
      else pieces.push(piece);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const isTooMuch = bytes > limitBytes;
      if (code === 0 && !isTooMuch) return resolve(Buffer.concat(pieces).toString());
      const why = isTooMuch ? 'it prints too much' : `exit code ${code ?? 'none'}`;
      reject(
        new UsageError(
          `the passphrase command failed (${why})`,
          'Run it by hand; what it prints on stdout is taken as the passphrase.',
        ),
      );
    });
  });
}
