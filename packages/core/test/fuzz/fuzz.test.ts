// The reader against damage and forgery. What is damaged is refused as such, or is still the original; a forgery is refused or
// restored, and either way nothing is written outside of the target, nothing hangs, and memory stays bounded. The seed of a
// normal run is fixed; DMS_TEST_FUZZ_SECONDS lets it run for longer with another one.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDmsBackupError } from '../../src/errors.ts';
import { restore } from '../../src/restore.ts';
import { verify } from '../../src/verify.ts';
import { assembleArchive } from '../assemble-archive.ts';
import type { Assembly } from '../assemble-archive.ts';
import { fillBox, lookAt, optionsOf } from '../faults/box.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { damages } from './damage.ts';
import type { Damage } from './damage.ts';
import { forgeries } from './forgery.ts';
import { fuzzSeconds, fuzzSeed } from './fuzz-seed.ts';
import { contentOf, takeApart } from './take-apart.ts';

const folder = join(import.meta.dirname, '../../../../test-fixtures/archives');
const seeds = readdirSync(join(folder, 'seeds')).map((name) => ({
  name,
  path: join(folder, 'seeds', name),
}));
/** A normal run ends after so many, or after a minute on a slow machine; a long one by time alone. */
const runs = (normal: number): fc.Parameters<unknown> => ({
  seed: fuzzSeed,
  numRuns: fuzzSeconds > 0 ? 1_000_000 : normal,
  interruptAfterTimeLimit: 1000 * (fuzzSeconds || 60),
  markInterruptAsFailure: false,
});
const timeout = 300_000 + fuzzSeconds * 1000;

/** Longer than the slowest machine takes for a few KiB. */
const patienceMs = 60_000;
/** Frames, buffers of three threads, and what the collector has not taken yet. */
const memoryLimitBytes = 768 * 1024 * 1024;

const codesOfRefusal = new Set(['archive-damaged', 'not-an-archive', 'format-unsupported']);

/** `accepted`, a code, or what is no error of ours. */
async function verdict(work: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, patienceMs, 'it hangs');
  });
  const done = work().then(
    () => 'accepted',
    (error: unknown) =>
      isDmsBackupError(error) ? error.code : `not ours: ${String((error as Error).stack ?? error)}`,
  );
  const found = await Promise.race([done, late]);
  clearTimeout(timer);
  return found;
}

const verdictOn = (archive: string): Promise<string> =>
  verdict(() => verify({ archive, workingDirectory: '/', quick: false }));

/** A target with something in it, alone in a folder: whatever else appears there was written outside of it. */
interface Cage {
  readonly base: string;
  readonly before: Record<string, string>;
}

async function makeCage(scratch: string): Promise<Cage> {
  const base = join(scratch, 'cage', 'deep', 'box');
  rmSync(join(scratch, 'cage'), { recursive: true, force: true });
  mkdirSync(base, { recursive: true });
  await fillBox({ base }, 'old');
  return { base, before: await lookAt({ base }) };
}

const verdictOnRestore = ({ base }: Cage, archive: string): Promise<string> => {
  const wishes = { mediaStrategy: 'replace', planOnly: false, keepUndo: false } as const;
  return verdict(() =>
    restore({
      ...optionsOf({ base }),
      ...wishes,
      archive,
      parts: ['database', 'media'],
      acceptUnknownVersion: true,
      confirm: async () => true,
    }),
  );
};

/** What a restore may end with when the archive is a forgery: also "not the same after loading", and rules of versions. */
const codesOfRestore = new Set([
  ...codesOfRefusal,
  'accepted',
  'restore-failed',
  'app-version-refused',
  'wrong-application',
  'instance-not-found',
  'no-space',
  'usage',
  'move-impossible',
  'target-unsafe',
  'database-unsupported',
]);

async function assertCaged(scratch: string, cage: Cage, found: string): Promise<void> {
  expect(readdirSync(scratch).toSorted()).toEqual(['assembled', 'cage']);
  expect(readdirSync(join(scratch, 'cage'))).toEqual(['deep']);
  expect(readdirSync(join(scratch, 'cage/deep'))).toEqual(['box']);
  // the folder of the locks; nothing stays in it
  const names = readdirSync(cage.base)
    .filter((name) => name !== 'state')
    .toSorted();
  expect(names).toEqual(['box.sqlite3', 'files'].filter((name) => names.includes(name)));
  if (found !== 'accepted') expect(await lookAt({ base: cage.base })).toEqual(cage.before);
}

function assertMemory(): void {
  expect(process.resourceUsage().maxRSS * 1024).toBeLessThan(memoryLimitBytes);
}

const damaged = (list: readonly Damage[], whole: Buffer, other: Buffer): Buffer =>
  list.reduce((bytes: Buffer, { of }) => of(bytes, other), whole);

test.each(seeds)('$name is an archive, and its parts put together are one', async ({ path }) => {
  const scratch = scratchDirectory();
  expect(await verdictOn(path)).toBe('accepted');
  const assembled = assembleArchive(scratch, takeApart(path));
  expect(await verdictOn(assembled)).toBe('accepted');
  const cage = await makeCage(scratch);
  expect(await verdictOnRestore(cage, assembled)).toBe('accepted');
  expect((await lookAt({ base: cage.base }))['files/a']).toBe('seed a');
  await assertCaged(scratch, cage, 'accepted');
});

test('what is damaged is refused, or is still the original', { timeout }, async () => {
  const scratch = scratchDirectory();
  const path = join(scratch, 'damaged');
  const property = fc.asyncProperty(
    damages,
    fc.nat(seeds.length - 1),
    fc.nat(seeds.length - 1),
    async (list, one, two) => {
      const other = readFileSync(seeds[two]!.path);
      const whole = readFileSync(seeds[one]!.path);
      writeFileSync(path, damaged(list, whole, other));
      const found = await verdictOn(path);
      if (found !== 'accepted') expect([...codesOfRefusal]).toContain(found);
      else
        expect([contentOf(seeds[one]!.path), contentOf(seeds[two]!.path)]).toContain(
          contentOf(path),
        );
    },
  );
  await fc.assert(property, runs(300));
  assertMemory();
});

test(
  'a forgery is refused or restored, and nothing is written outside of the target',
  { timeout },
  async () => {
    const scratch = scratchDirectory();
    const assemblies = seeds.map(({ path }) => takeApart(path));
    const property = fc.asyncProperty(forgeries, fc.nat(seeds.length - 1), async (list, one) => {
      const forged = list.reduce<Assembly>((assembly, { of }) => of(assembly), assemblies[one]!);
      const archive = assembleArchive(scratch, forged);
      const verified = await verdictOn(archive);
      expect([...codesOfRefusal, 'accepted']).toContain(verified);
      const cage = await makeCage(scratch);
      const restored = await verdictOnRestore(cage, archive);
      expect([...codesOfRestore]).toContain(restored);
      await assertCaged(scratch, cage, restored);
    });
    await fc.assert(property, runs(150));
    assertMemory();
  },
);
