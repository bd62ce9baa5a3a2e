// The verb: what it proves besides the walk (counts of the seal), and what it leaves when it refuses.

import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { assembleArchive } from '../test/assemble-archive.ts';
import { rejection } from '../test/caught.ts';
import { takeApart } from '../test/fuzz/take-apart.ts';
import { scratchDirectory } from '../test/scratch-directory.ts';
import type { Seal } from './archive/schema.ts';
import type { VerbEvent } from './events.ts';
import { inspect } from './inspect.ts';
import { verify } from './verify.ts';

const seedPath = join(import.meta.dirname, '../../../test-fixtures/archives/seeds/box.tar.zst');
const workingDirectory = '/';

test('counts what it has proved, and tells how far it is', async () => {
  const events: VerbEvent[] = [];
  const onEvent = (event: VerbEvent) => void events.push(event);
  const result = await verify({ archive: seedPath, workingDirectory, quick: false, onEvent });
  expect(result).toMatchObject({ quick: false, entries: 19, exitCode: 0 });
  expect(events.at(-1)).toMatchObject({ type: 'progress', doneItems: 19, totalItems: 19 });
});

test('quick looks at index and seal only', async () => {
  const quick = await verify({ archive: seedPath, workingDirectory, quick: true });
  const { signal } = new AbortController();
  const whole = await verify({ archive: seedPath, workingDirectory, quick: false, signal });
  expect(quick).toEqual({ ...whole, quick: true });
});

/** The sample with another seal, whose hash is right. */
function sealedAs(change: (seal: Seal) => Seal): string {
  const apart = takeApart(seedPath);
  return assembleArchive(scratchDirectory(), {
    ...apart,
    seal: (seal) => change(apart.seal(seal) as Seal),
  });
}

const numbers = [
  'files',
  'directories',
  'links',
  'mediaBytes',
  'databaseBytes',
  'tables',
  'rows',
] as const;

test.each(numbers)('another number of %s than the seal says is damage', async (name) => {
  const archive = sealedAs((seal) => ({
    ...seal,
    counts: { ...seal.counts, [name]: seal.counts[name] + 1 },
  }));
  const error = await rejection(verify({ archive, workingDirectory, quick: false }));
  expect([error.code, error.message]).toEqual([
    'archive-damaged',
    'the archive holds another number of files than its seal says',
  ]);
});

test.each([
  [
    'a table that has no rows here',
    (seal: Seal) => [{ ...seal.tables[0]!, table: 'elsewhere' }, ...seal.tables.slice(1)],
  ],
  [
    'rows of one table counted for the other',
    ({ tables }: Seal) =>
      tables.map((table, number) => ({ ...table, rows: table.rows + (number === 0 ? 1 : -1) })),
  ],
])('%s is damage', async (_, tables) => {
  const archive = sealedAs((seal) => ({ ...seal, tables: tables(seal) }));
  const error = await rejection(verify({ archive, workingDirectory, quick: false }));
  expect(error.message).toMatch(/^the archive does not hold the \d rows of table '/u);
});

test.each(['verify', 'inspect'])(
  '%s of a damaged archive on standard input leaves no copy of it',
  async (verb) => {
    const scratch = scratchDirectory();
    vi.stubEnv('TMPDIR', join(scratch));
    const path = join(scratch, 'damaged');
    writeFileSync(path, readFileSync(seedPath).subarray(0, -1));
    const options = { archive: '-', workingDirectory, stdin: createReadStream(path) };
    const refused = verb === 'verify' ? verify({ ...options, quick: false }) : inspect(options);
    expect((await rejection(refused)).code).toBe('archive-damaged');
    expect(readdirSync(scratch)).toEqual(['damaged']);
    vi.unstubAllEnvs();
  },
);
