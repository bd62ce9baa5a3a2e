// Small assertions that all checks share. A failure says which member is wrong, what was seen, and what to do.

import assert from 'node:assert/strict';
import type { z } from 'zod';

/** Asserts that a value is what the schema says, and nothing more: core would drop unknown fields silently. */
export function assertShape(schema: z.ZodType, value: unknown, member: string): void {
  const result = schema.safeParse(value);
  const issue = result.error?.issues[0];
  if (issue !== undefined) {
    const place = issue.path.length === 0 ? 'the value itself' : `'${issue.path.join('.')}'`;
    assert.fail(
      `\`${member}\` returns something else than the contract says: ${place}: ${issue.message}. The schemas are in adapter-schema.ts of core.`,
    );
  }
  assert.deepEqual(
    result.data,
    value,
    `\`${member}\` returns fields that the contract does not have: leave them out, core ignores them`,
  );
}

/** Asserts that two calls with the same input gave the same. */
export function assertRepeatable(first: unknown, second: unknown, member: string): void {
  assert.deepEqual(
    second,
    first,
    `\`${member}\` gives another result when it is called again: keep no state between calls, and order every query`,
  );
}

/** Names of parts that a path below a root must not have. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'it is empty';
  if (path.includes('\0')) return 'it has a NUL character';
  if (path.startsWith('/')) return 'it is absolute';
  const parts = path.split('/');
  if (parts.some((part) => part === '')) return 'it has an empty part';
  if (parts.some((part) => part === '.' || part === '..')) return "it has a part '.' or '..'";
  return null;
}

/** Freezes plain data all the way down, so that a member that changes its input throws. */
export function deepFreeze<T>(value: T): T {
  if (
    typeof value === 'object' &&
    value !== null &&
    !Object.isFrozen(value) &&
    !ArrayBuffer.isView(value)
  ) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
