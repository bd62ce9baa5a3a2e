// Workloads A and B: documents with files. Backup, verify and restore against what a careful user scripts.

import { join } from 'node:path';
import { runContest } from '../contest.ts';
import type { Contender, ContestResult } from '../contest.ts';
import type { Filling } from '../filling.ts';
import { nothing } from '../filling.ts';
import {
  backupWords,
  discard,
  emptyTarget,
  filledInstance,
  programCommand,
  restoreWords,
} from '../instance.ts';
import type { Instance } from '../instance.ts';
import { measure } from '../measure.ts';
import type { Command } from '../measure.ts';
import type { Bench, Workload } from './workload.ts';
import { scaled } from './workload.ts';

const kilobyte = 1000;

export const smallFiles: Workload = {
  name: 'a',
  title: 'A: 5,000 files of 20-200 KB and 5,000 of 8 KB, incompressible',
  run: async (bench) => ({
    contests: await compareFiles(bench, 'A', {
      ...nothing,
      documents: scaled(5_000, bench.options),
      originalBytes: [20 * kilobyte, 200 * kilobyte],
      thumbnailBytes: 8 * kilobyte,
    }),
    bounds: [],
  }),
};

export const largeFiles: Workload = {
  name: 'b',
  title: 'B: 10 files of 50 MB, incompressible',
  run: async (bench) => ({
    contests: await compareFiles(bench, 'B', {
      ...nothing,
      documents: scaled(10, bench.options),
      originalBytes: [50_000 * kilobyte, 50_000 * kilobyte],
      thumbnailBytes: kilobyte,
    }),
    bounds: [],
  }),
};

async function compareFiles(
  bench: Bench,
  workload: string,
  filling: Filling,
): Promise<ContestResult[]> {
  const { options, place, tell } = bench;
  tell(`${workload}: making the data set`);
  const instance = await filledInstance(place, workload, filling);
  const files = new FileContenders(bench, instance);
  const compare = ([program, ...references]: Field, step: string): Promise<ContestResult> =>
    runContest({ workload, step, program, references }, options.pairs, place, tell);
  const results = [await compare(files.backup(), 'backup')];
  await measure(files.tarball, place);
  results.push(await compare(files.verify(), 'verify'), await compare(files.restore(), 'restore'));
  await files.remove();
  await discard(instance.directory);
  return results;
}

type Field = [program: Contender, ...references: Contender[]];

const tarScript = 'tar -C "$1" -cf - . | zstd -1 -T0 -q > "$2"';
const hashScript = 'find "$1" -type f -print0 | xargs -0 openssl dgst -sha256 > "$2.sha256"';
const copyScript = 'find "$1" -type f -print0 | xargs -0 cat > "$2"';

class FileContenders {
  readonly #program: string;
  readonly #instance: Instance;
  readonly #archive: string;
  /** What a reference writes; one at a time, to save room. */
  readonly #reference: string;
  readonly #target: string;

  constructor({ options, place }: Bench, instance: Instance) {
    this.#program = options.program;
    this.#instance = instance;
    this.#archive = join(place.archives, 'archive.tar.zst');
    this.#reference = join(place.archives, 'reference.tar.zst');
    this.#target = join(place.data, 'target');
  }

  /** The references read the media root; ours also reads the small database. */
  backup(): Field {
    return [
      {
        name: 'dms-backup backup',
        command: programCommand(this.#program, ...backupWords(this.#instance, this.#archive)),
        prepare: () => discard(this.#archive),
        output: this.#archive,
      },
      this.#writer('tar | zstd -1 -T0', tarScript),
      this.#writer('tar | zstd -1 -T0, openssl sha256 of each', `${tarScript} && ${hashScript}`),
      this.#writer('cat > file (reads and writes only)', copyScript),
    ];
  }

  /** The reference's archive for the next steps, whichever reference ran last. */
  get tarball(): Command {
    return { script: tarScript, words: [this.#instance.media, this.#reference] };
  }

  verify(): Field {
    const prepare = () => Promise.resolve();
    const script = 'zstd -dc "$1" | openssl dgst -sha256 > "$1.sha256"';
    return [
      {
        name: 'dms-backup verify',
        command: programCommand(this.#program, 'verify', this.#archive),
        prepare,
      },
      {
        name: 'zstd -dc | openssl sha256',
        command: { script, words: [this.#reference] },
        prepare,
      },
    ];
  }

  restore(): Field {
    const prepare = () => emptyTarget(this.#target);
    const script = 'zstd -dc "$1" | tar -C "$2" -xf -';
    return [
      {
        name: 'dms-backup restore',
        command: programCommand(this.#program, ...restoreWords(this.#archive, this.#target)),
        prepare,
      },
      {
        name: 'zstd -dc | tar -x',
        command: { script, words: [this.#reference, this.#target] },
        prepare,
      },
    ];
  }

  remove(): Promise<void> {
    return discard(this.#archive, this.#reference, `${this.#reference}.sha256`, this.#target);
  }

  #writer(name: string, script: string): Contender {
    return {
      name,
      command: { script, words: [this.#instance.media, this.#reference] },
      prepare: () => discard(this.#reference),
      output: this.#reference,
    };
  }
}
