// Killed and interrupted runs: the target is old or new and never something between, the source is never touched, and the
// next run puts everything in order.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { beforeAll, describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  flagsOf,
  lastJson,
  makeArchive,
  namesIn,
  phase,
  stateOf,
  told,
} from './bench.ts';
import type { Place, Run } from './bench.ts';
import { lookAt, verdictOf } from './proof.ts';
import type { Declaration, Look } from './proof.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });
const bench = createBench('kill');

const bulkFiles = 80;
const bulkBytes = 40_000;

let source: Place;
let master: Place;
let archive: string;
let excluded: Declaration[];
let oldState: Look;
let newState: Look;
/** Of a whole restore: until the switch begins, and until the end. Milliseconds. */
let switchAt = 0;
let endAt = 0;

/** Enough files that a kill can hit their writing. */
function build(seed: number, documents: number, name: string): Place {
  const place = bench.build({ appVersion: '3.0.5', documents, seed });
  const folder = join(place.mediaDirectory, 'documents/originals/bulk');
  mkdirSync(folder);
  for (let number = 0; number < bulkFiles; number++) {
    writeFileSync(join(folder, `${number}.pdf`), randomBytes(bulkBytes));
  }
  writeFileSync(join(folder, `only in ${name}.pdf`), name);
  return place;
}

const look = (place: Place): Look => lookAt(stateOf(place), excluded);
const verdict = (place: Place): string => verdictOf(look(place), oldState, newState);

const around = (place: Place): string => join(place.dataDirectory, '..');
const restoreWords = (place: Place): string[] => [
  'restore',
  archive,
  ...flagsOf(place),
  '--yes',
  '--json',
];

beforeAll(async () => {
  source = build(1, 40, 'new');
  master = build(2, 41, 'old');
  archive = await makeArchive(bench, source);
  const inspected = await bench.done(['inspect', archive, '--json']);
  ({ excluded } = lastJson<{ excluded: Declaration[] }>(inspected));
  const target = bench.copy(master, 'measure');
  oldState = look(target);
  const began = performance.now();
  const started = bench.start(restoreWords(target));
  await phase(started, 'switch');
  switchAt = performance.now() - began;
  const run = await started.ended;
  endAt = performance.now() - began;
  expect(run.code, told(run)).toBe(0);
  newState = look(target);
  expect(oldState.database).not.toBe(newState.database);
  expect(oldState.files).not.toBe(newState.files);
});

/** After a kill: the recovery says what it found, and the target is one of the two. */
async function recovered(target: Place, killed: Run): Promise<string> {
  const doctor = await bench.run(['doctor', ...flagsOf(target), '--json']);
  expectNoTrace(doctor);
  expect(doctor.code, told(doctor)).toBe(0);
  const said = lastJson<{ recovery: { state: string } | null }>(doctor).recovery;
  const seen = verdict(target);
  if (said !== null) expect(seen, told(doctor)).toBe(said.state);
  if (killed.code === 0) expect(seen).toBe('new');
  return seen;
}

/** Nothing of ours but what undo needs. A kill outside of the journal's life leaves the lock's file or an empty side folder. */
function expectTidy(target: Place, state: string): void {
  const allowed =
    state === 'old'
      ? /^(lock(-journal)?|journal\.json\.tmp)$/u
      : /^(old-(media|data|database)|undo\.json|lock(-journal)?)$/u;
  for (const name of namesIn(around(target))) {
    if (name === 'data' || name === 'media') continue;
    expect(name).toMatch(/^\.(data|media)\.dms-backup$/u);
    for (const inside of namesIn(join(around(target), name)))
      expect(`${state}: ${inside}`).toMatch(new RegExp(`: ${allowed.source.slice(1)}`, 'u'));
  }
}

describe('restore over an existing installation, killed with SIGKILL', () => {
  const rounds = 25;

  test(`at ${rounds} moments: both parts old or both new, and a whole restore works afterwards`, async () => {
    const seen: Record<string, number> = {};
    let target = bench.copy(master, 'target');
    for (let round = 0; round < rounds; round++) {
      rmSync(around(target), { recursive: true });
      target = bench.copy(master, 'target');
      const started = bench.start(restoreWords(target));
      // Half of the moments lie before the switch, half of them in it and shortly after: it is what matters, and it is short.
      const half = Math.floor(rounds / 2);
      if (round < half) await sleep((switchAt * (round + 0.5)) / half);
      else {
        await phase(started, 'switch');
        const wait = ((endAt - switchAt) * (round - half)) / (rounds - half);
        const until = performance.now() + wait;
        while (performance.now() < until) await sleep(0);
      }
      started.child.kill('SIGKILL');
      const killed = await started.ended;
      const state = await recovered(target, killed);
      seen[state] = (seen[state] ?? 0) + 1;
      expect(['old', 'new'], `round ${round}: ${told(killed)}`).toContain(state);
      expectTidy(target, state);
    }
    expect(seen['old']).toBeGreaterThan(0);
    // On what the last kill left.
    const whole = await bench.run(restoreWords(target));
    expect(whole.code, told(whole)).toBe(0);
    expect(verdict(target)).toBe('new');
    const tidy = await bench.run([...restoreWords(target), '--no-undo']);
    expect(tidy.code, told(tidy)).toBe(0);
    expect(namesIn(around(target))).toEqual(['data', 'media']);
  });

  test('without doctor: the next restore, or an undo, recovers first', async () => {
    for (const wait of [0.5, 0.9]) {
      const target = bench.copy(master, 'target');
      const started = bench.start(restoreWords(target));
      await sleep(switchAt * wait);
      started.child.kill('SIGKILL');
      await started.ended;
      const undo = await bench.run(['undo', ...flagsOf(target), '--yes']);
      expect([0, 10], told(undo)).toContain(undo.code);
      expectNoTrace(undo);
      expect(verdict(target)).toBe('old');
      const whole = await bench.run(restoreWords(target));
      expect(whole.code, told(whole)).toBe(0);
      expect(verdict(target)).toBe('new');
      await bench.done(['undo', ...flagsOf(target), '--yes']);
      expect(verdict(target)).toBe('old');
    }
  });

  test('a restore into nothing leaves nothing or everything', async () => {
    for (const part of [0.4, 0.7, 0.95, 1.02]) {
      const target = bench.emptyPlace('empty');
      const started = bench.start(restoreWords(target));
      await sleep(switchAt * part);
      started.child.kill('SIGKILL');
      await started.ended;
      await bench.run(['doctor', ...flagsOf(target)]);
      const names = namesIn(around(target));
      if (names.length > 0) expect(verdict(target), names.join(' ')).toBe('new');
      const whole = await bench.run(restoreWords(target));
      expect(whole.code, told(whole)).toBe(0);
      expect(verdict(target)).toBe('new');
    }
  });
});

/** Kills at an exact system call; only where ptrace is allowed. */
const canTrace =
  spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0;

if (canTrace) {
  describe('restore, killed at each rename of the switch', () => {
    test('old or new, never mixed', async () => {
      // A small target: what counts is the number of renames, not the amount of data.
      const small = bench.build({ appVersion: '3.0.5', documents: 6, seed: 5 });
      const kept = [archive, oldState, newState] as const;
      try {
        const smallSource = bench.build({ appVersion: '3.0.5', documents: 7, seed: 6 });
        archive = await makeArchive(bench, smallSource);
        [oldState, newState] = [look(small), look(smallSource)];
        const states: string[] = [];
        for (let number = 1; number < 60; number += 1) {
          const target = bench.copy(small, 'traced');
          const inject = `inject=rename:signal=KILL:when=${number}`;
          const wrapper = [
            'strace',
            '-f',
            '-qq',
            '-o',
            '/dev/null',
            '-e',
            'trace=rename',
            '-e',
            inject,
          ];
          const run = await bench.run(restoreWords(target), { wrapper });
          const state = await recovered(target, run);
          states.push(state);
          expect(['old', 'new'], `rename ${number}: ${states.join(' ')}\n${told(run)}`).toContain(
            state,
          );
          expectTidy(target, state);
          if (run.code === 0) break;
        }
        expect(states).toContain('old');
        expect(states.filter((state) => state === 'new').length).toBeGreaterThan(5);
        // From the first rename of the switch on it is new.
        expect(states.lastIndexOf('old')).toBeLessThan(states.indexOf('new'));
      } finally {
        [archive, oldState, newState] = kept;
      }
    });
  });
}

/** How many entries `verify` counted. */
function entriesOf({ stdout, stderr }: Run): string | undefined {
  return /^(\d+) entries/m.exec(stdout + stderr)?.[1];
}

describe('backup, killed with SIGKILL', () => {
  test('no file under a final name, the source untouched, the next backup works', async () => {
    const before = bytesOf(around(source));
    const measure = await bench.done(['backup', ...flagsOf(source), bench.directory('archives')]);
    const destination = bench.directory('killed');
    for (const part of [0.3, 0.5, 0.65, 0.8, 0.9, 0.97]) {
      const started = bench.start([
        'backup',
        ...flagsOf(source),
        '--filename',
        `at ${part}`,
        destination,
      ]);
      await sleep(measure.milliseconds * part);
      started.child.kill('SIGKILL');
      const run = await started.ended;
      const finished = namesIn(destination).filter((name) => !name.endsWith('.partial'));
      for (const name of finished.filter((each) => each.startsWith(`at ${part}`))) {
        // It was faster than the kill, or between the rename and its end: then it is whole.
        await bench.done(['verify', join(destination, name)]);
      }
      if (run.code === 0) expect(finished.some((name) => name.startsWith(`at ${part}`))).toBe(true);
    }
    expect(bytesOf(around(source))).toEqual(before);
    const next = await bench.done(['backup', ...flagsOf(source), destination]);
    const whole = await bench.done(['verify', next.stdout.trimEnd()]);
    const partial = namesIn(destination).filter((name) => name.endsWith('.partial'));
    for (const name of partial) {
      const run = await bench.run(['verify', join(destination, name)]);
      // killed between the last byte and the rename: then all of it is there, the same as in the next archive
      if (run.code === 0) expect(entriesOf(run)).toBe(entriesOf(whole));
      else expect(run.code, told(run)).toBe(20);
    }
  });
});

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  test('during a backup: exit 130, nothing left, the source untouched', async () => {
    const before = bytesOf(around(source));
    let interrupted = 0;
    for (const name of ['scan', 'media', 'snapshot', 'database', 'catalogue', 'seal']) {
      const destination = join(bench.directory('interrupted'), 'archives');
      const started = bench.start(['backup', ...flagsOf(source), destination, '--json']);
      await phase(started, name);
      started.child.kill(signal);
      const run = await started.ended;
      expectNoTrace(run);
      if (run.code === 0) {
        expect(name, 'too late to be stopped').toBe('seal');
        continue;
      }
      interrupted++;
      expect(run.code, `${name}: ${told(run)}`).toBe(130);
      expect(lastJson(run)).toMatchObject({ type: 'error', code: 'interrupted', exitCode: 130 });
      expect(
        Object.keys(bytesOf(join(destination, '..'))).filter((path) => path !== 'archives'),
      ).toEqual([]);
    }
    expect(interrupted).toBeGreaterThan(3);
    expect(bytesOf(around(source))).toEqual(before);
  });

  test('during a restore: exit 130, nothing left, the target unchanged', async () => {
    let interrupted = 0;
    for (const [name, wait] of [
      ['restore', 0],
      ['restore', 60],
      ['prove', 0],
      ['switch', 0],
    ] as const) {
      const target = bench.copy(master, 'target');
      const before = bytesOf(around(target));
      const started = bench.start(restoreWords(target));
      await phase(started, name);
      await sleep(wait);
      started.child.kill(signal);
      const run = await started.ended;
      expectNoTrace(run);
      if (run.code === 0) {
        expect(name, 'too late to be stopped').toBe('switch');
        expect(verdict(target)).toBe('new');
        continue;
      }
      interrupted++;
      expect(run.code, `${name}: ${told(run)}`).toBe(130);
      expect(lastJson(run)).toMatchObject({ type: 'error', code: 'interrupted', exitCode: 130 });
      expect(bytesOf(around(target))).toEqual(before);
    }
    expect(interrupted).toBeGreaterThan(1);
  });

  test('during a restore into nothing: nothing is made', async () => {
    const target = bench.emptyPlace('empty');
    const started = bench.start(restoreWords(target));
    await phase(started, 'restore');
    started.child.kill(signal);
    const run = await started.ended;
    expect(run.code, told(run)).toBe(130);
    expect(namesIn(around(target))).toEqual([]);
  });

  test('verify and check stop, too', async () => {
    for (const [words, name] of [
      [['verify', archive], 'verify'],
      [['check', ...flagsOf(source)], 'scan'],
    ] as const) {
      const started = bench.start([...words, '--json']);
      await phase(started, name);
      started.child.kill(signal);
      const run = await started.ended;
      // A verify tells of itself only when most of it is done.
      expect(name === 'verify' ? [0, 130] : [130], told(run)).toContain(run.code ?? run.signal);
      expectNoTrace(run);
    }
  });
});

test('what a killed or interrupted run left in TMPDIR is private', () => {
  const top = Object.entries(bytesOf(bench.temporary)).filter(([path]) => !path.includes('/'));
  expect(top.filter(([, text]) => !/^(file 600|directory 700) /u.test(text))).toEqual([]);
});
