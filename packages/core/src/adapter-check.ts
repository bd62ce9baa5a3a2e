// Guards the border to adapters: the object itself when it is loaded, and everything it returns.

import { z } from 'zod';
import { contractVersion } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { DmsBackupError } from './errors.ts';

const functions = [
  'configure',
  'stamp',
  'tables',
  'classify',
  'references',
  'documents',
  'compatibility',
] as const;
const optionalFunctions = [
  'quiesce',
  'restoreNotes',
  'inspectRows',
  'databasePassword',
  'externals',
] as const;

const OptionSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
  value: z.string().optional(),
  repeatable: z.boolean().optional(),
  help: z.string(),
});

/** Checks a loaded object. Throws `adapter-contract-version` or `adapter-invalid`, naming the member. */
export function checkAdapter(value: unknown, packageName: string): Adapter {
  const refuse = (what: string) =>
    new DmsBackupError('adapter-invalid', `the adapter of '${packageName}' ${what}`);
  if (typeof value !== 'object' || value === null)
    throw refuse('exports no object named `adapter`');
  const members = value as Record<string, unknown>;
  if (members.contractVersion !== contractVersion) {
    throw new DmsBackupError(
      'adapter-contract-version',
      `the adapter of '${packageName}' is for contract version ${String(members.contractVersion)}, this is ${contractVersion}`,
    );
  }
  if (typeof members.name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(members.name))
    throw refuse('has no usable `name`');
  for (const name of ['title', 'supportedVersions']) {
    if (typeof members[name] !== 'string') throw refuse(`has no text in \`${name}\``);
  }
  for (const name of ['aliases', 'engines']) {
    const list: unknown = members[name];
    if (!Array.isArray(list) || !list.every((each) => typeof each === 'string'))
      throw refuse(`has no list in \`${name}\``);
  }
  for (const name of functions)
    if (typeof members[name] !== 'function') throw refuse(`has no function \`${name}\``);
  for (const name of optionalFunctions) {
    if (members[name] !== undefined && typeof members[name] !== 'function')
      throw refuse(`has a \`${name}\` that is no function`);
  }
  checked(z.array(OptionSchema).optional(), members.options, members.name, 'options');
  return value as Adapter;
}

/** Parses what a member returned. Throws `adapter-invalid`; values are not repeated in the message. */
export function checked<T extends z.ZodType>(
  schema: T,
  value: unknown,
  adapter: string,
  member: string,
): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new DmsBackupError(
    'adapter-invalid',
    `adapter '${adapter}' returned something else than \`${member}\` promises (${issue?.path.join('.')}: ${issue?.code})`,
  );
}
