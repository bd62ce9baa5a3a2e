// A file with the password that a variable names (`..._FILE`): where it is on this machine, and what it holds.

import { accessSync, constants, readFileSync } from 'node:fs';
import { secretFile } from './compose-secrets.ts';
import { findVariable, type ConfigurationSource } from './configuration-source.ts';

/** The variables of a product: one with the password, one with the file that holds it. */
export interface PasswordVariables {
  readonly password: string;
  readonly file: string;
}

/** Place on this machine; null when the source names no file, or nobody knows where it is here. */
function passwordFile(source: ConfigurationSource, variable: string): string | null {
  const written = source.variables.get(variable)?.value;
  if (written === undefined || written === '') return null;
  const secret = source.compose === null ? null : secretFile(source.compose, written);
  if (secret !== null) return secret;
  const host = source.hostPath(written);
  return 'path' in host ? host.path : null;
}

/**
 * The password without line ends behind it, as `$(<file)` of a shell has it. Null when the source names no file, or it cannot
 * be read here.
 */
export function readPasswordFile(
  source: ConfigurationSource,
  { file }: Pick<PasswordVariables, 'file'>,
): string | null {
  const path = passwordFile(source, file);
  if (path === null) return null;
  try {
    return readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
  } catch {
    return null;
  }
}

/** Where a file is named that would be used and cannot be read here, for a warning. Reads nothing. */
export function unreadablePasswordFile(
  sources: readonly ConfigurationSource[],
  { password, file }: PasswordVariables,
): string | undefined {
  const found = findVariable(sources, file);
  if (found === undefined || found.value === '') return undefined;
  if (findVariable(sources, password) !== undefined) return undefined;
  try {
    const path = passwordFile(found.from, file);
    if (path === null) return found.source;
    accessSync(path, constants.R_OK);
    return undefined;
  } catch {
    return found.source;
  }
}
