// A disk that fails when a test says so. Use:
//   vi.mock('node:fs', async (original) =>
//     (await import('../../test/failing-disk.ts')).failingDisk(await original()),
//   );
// It stands before the real file system of the modules that are loaded in the test's own thread.

import type * as fileSystem from 'node:fs';
import { onTestFinished } from 'vitest';

type FileSystem = typeof fileSystem;
type Call = (...values: unknown[]) => unknown;
/** Stands in for a function; `real` is the function itself. */
type StandIn = (real: Call, values: readonly unknown[]) => unknown;

const standIns = new Map<string, StandIn>();

/** The module with every synchronous function behind a switch. */
export function failingDisk(module: unknown): FileSystem {
  const real = module as FileSystem;
  const functions = Object.entries(real).filter(
    ([name, value]) => name.endsWith('Sync') && typeof value === 'function',
  );
  const switched = functions.map(([name, value]) => {
    const call = value as Call;
    const behind = (...values: unknown[]) => standIns.get(name)?.(call, values) ?? call(...values);
    return [name, behind];
  });
  return { ...real, ...(Object.fromEntries(switched) as Partial<FileSystem>) };
}

/** Lets a function of the disk be another for the running test. Returning undefined calls the real one. */
export function replaceOnDisk(name: keyof FileSystem, standIn: StandIn): void {
  standIns.set(name, standIn);
  onTestFinished(() => void standIns.delete(name));
}

/** Lets a function fail with a system error, after `after` calls that work, where `when` is true of its arguments. */
export function failOnDisk(
  name: keyof FileSystem,
  code: string,
  {
    after = 0,
    when = () => true,
  }: { after?: number; when?: (...values: unknown[]) => boolean } = {},
): void {
  let calls = 0;
  replaceOnDisk(name, (_, values) => {
    if (!when(...values) || calls++ < after) return undefined;
    throw Object.assign(new Error(`${code}: the disk fails, ${name}`), { code });
  });
}
