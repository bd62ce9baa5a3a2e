// The contract tests: one call registers them all with the caller's own test runner. Every adapter, ours or foreign, runs
// all of them; each failure says what to do.

import assert from 'node:assert/strict';
import type { Adapter } from '../adapter.ts';
import { checkCompatibility, checkDirection, checkNotes } from './check-decisions.ts';
import { checkInstance, checkPaths, checkStamp, checkTables } from './check-facts.ts';
import { checkEmptyPlace, checkMembers } from './check-object.ts';
import { checkPause } from './check-pause.ts';
import {
  checkDocuments,
  checkExternals,
  checkFiles,
  checkFindings,
  checkReferences,
} from './check-streams.ts';
import { gather, type Gathered } from './gather.ts';
import type { OpenedSample, Sample, TestFunction } from './sample.ts';
import { treeLines } from './tree-digest.ts';

export interface ContractTestsOptions {
  /** `test` of node:test, vitest or another runner that takes a name and an asynchronous body. */
  readonly test: TestFunction;
  readonly adapter: Adapter;
  /** At least one; best one per supported version and engine. */
  readonly samples: readonly Sample[];
}

/** A check of what the adapter returned for one sample. */
type Check = (gathered: Gathered, adapter: Adapter) => void;

const checks: readonly (readonly [string, Check])[] = [
  ['finds the installation from flags alone', checkInstance],
  ['stamps the version', checkStamp],
  ['has sound rules for tables', checkTables],
  ['has sound rules for paths and keeps what it does not know', checkPaths],
  ['names the files that rows need', checkReferences],
  ['names files that exist with the content that is recorded', checkFiles],
  ['lists the documents in order', checkDocuments],
  ['reports faults of rows', checkFindings],
  ['names what lies elsewhere', checkExternals],
  ['decides about restores', (gathered, adapter) => checkCompatibility(adapter, gathered)],
  ['has sound notes for after a restore', checkNotes],
  ['shows no secret', checkSecrets],
];

/** Registers the contract tests. A sample is opened by the first test that needs it and shared by the others. */
export function contractTests({ test, adapter, samples }: ContractTestsOptions): void {
  const title = `contract of '${adapter.name}'`;
  test(`${title}: has all members`, async () => checkMembers(adapter));
  test(`${title}: finds nothing in an empty place`, () => checkEmptyPlace(adapter));
  test(`${title}: has samples`, async () => {
    assert.notEqual(
      samples.length,
      0,
      'give at least one sample: most of the contract is about real installations',
    );
  });

  const gatherings: (() => Promise<Gathered>)[] = [];
  for (const sample of samples) {
    const opened = once(sample.open);
    const gathered = once(async () => gather(adapter, await opened()));
    gatherings.push(gathered);
    for (const [name, check] of checks) {
      test(`${title}, ${sample.name}: ${name}`, async () => check(await gathered(), adapter));
    }
    test(`${title}, ${sample.name}: writes nothing`, async () =>
      checkUntouched(adapter, await opened()));
    test(`${title}, ${sample.name}: gives back a pause`, async () =>
      checkPause(adapter, await opened()));
  }
  if (samples.length > 1) {
    test(`${title}: upgrades go one way`, async () => {
      const all = await Promise.all(gatherings.map((gathered) => gathered()));
      checkDirection(
        adapter,
        all.map(({ stamp }) => stamp),
      );
    });
  }
}

/** Calls `make` at most once, also when it fails. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function checkUntouched(adapter: Adapter, sample: OpenedSample): Promise<void> {
  const before = treeLines(sample.directory);
  await gather(adapter, sample);
  assert.deepEqual(
    treeLines(sample.directory),
    before,
    'a member changed files of the installation: adapters only read (left-hand side: after, right-hand side: before)',
  );
}

/** The failure names the place and not the secret: test logs are kept and shared. */
function checkSecrets({ sample, ...outputs }: Gathered): void {
  for (const [member, output] of Object.entries(outputs)) {
    // The schema is the engine's own output; definitions may hold default values.
    if (member === 'schema') continue;
    const shown = JSON.stringify(output);
    const leaked = (sample.secrets ?? []).findIndex((secret) =>
      shown.includes(JSON.stringify(secret).slice(1, -1)),
    );
    assert.equal(
      leaked,
      -1,
      `secret number ${leaked + 1} of the sample is shown in what \`${member}\` returns: name secrets, never show them`,
    );
  }
}
