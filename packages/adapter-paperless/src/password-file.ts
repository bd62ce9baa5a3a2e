// The file that PAPERLESS_DBPASS_FILE names: where it is on this machine, and what it holds.

import { accessSync, constants, readFileSync } from 'node:fs';
import { secretFile } from './compose-secrets.ts';
import { findVariable, type ConfigurationSource } from './configuration-source.ts';

/** Place on this machine; null when the source names no file, or nobody knows where it is here. */
function passwordFile(source: ConfigurationSource): string | null {
  const written = source.variables.get('PAPERLESS_DBPASS_FILE')?.value;
  if (written === undefined || written === '') return null;
  const secret = source.compose === null ? null : secretFile(source.compose, written);
  if (secret !== null) return secret;
  const host = source.hostPath(written);
  return 'path' in host ? host.path : null;
}

/**
 * The password without line ends behind it, as `$(<file)` of the container's start script (init-env-file) has it. Null when
 * there is no file, or it cannot be read here.
 */
export function readPasswordFile(source: ConfigurationSource): string | null {
  const path = passwordFile(source);
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
): string | undefined {
  const found = findVariable(sources, 'PAPERLESS_DBPASS_FILE');
  if (found === undefined || found.value === '') return undefined;
  if (findVariable(sources, 'PAPERLESS_DBPASS') !== undefined) return undefined;
  try {
    const path = passwordFile(found.from);
    if (path === null) return found.source;
    accessSync(path, constants.R_OK);
    return undefined;
  } catch {
    return found.source;
  }
}
