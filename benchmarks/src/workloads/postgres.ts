// Workload P: rows on PostgreSQL, against the client programs of PostgreSQL, with bounds on time and memory.

import { join } from 'node:path';
import { runContest } from '../contest.ts';
import type { Contender, ContestResult } from '../contest.ts';
import { backupWords, discard, emptyTarget, programCommand, restoreWords } from '../instance.ts';
import { findPostgres } from '../postgres-server.ts';
import type { PostgresDatabases } from '../postgres-server.ts';
import type { Bench, BoundResult, Workload } from './workload.ts';
import { scaled } from './workload.ts';

/** Of the wall time of the reference: `pg_dump -Fc -Z1`, and `createdb && pg_restore -1`. */
const ratioBounds = { backup: 0.45, restore: 0.8 };
const memoryBoundBytes = 250_000_000;

export const postgresRows: Workload = {
  name: 'p',
  title: 'P on PostgreSQL: 100,000 documents with 4 KB of text, 1,000,000 audit rows',
  run: async (bench) => {
    const { options, place, tell } = bench;
    const databases = findPostgres(place);
    if (typeof databases === 'string') {
      const note = `P skipped: ${databases}`;
      tell(note);
      return { contests: [], bounds: [], notes: [note] };
    }
    tell('P: making the data set');
    const source = databases.name('source');
    const { configuration } = await databases.build(source, scaled(100_000, options));
    const field: Field = {
      bench,
      databases,
      source,
      configuration,
      archive: join(place.archives, 'archive.tar.zst'),
      dump: join(place.archives, 'database.dump'),
      ownTarget: databases.name('restored'),
      otherTarget: databases.name('reference'),
    };
    const run = (step: Step, [program, reference]: [Contender, Contender]) =>
      runContest(
        { workload: 'P', step, program, references: [reference] },
        options.pairs,
        place,
        tell,
      );
    const backup = await run('backup', backupField(field));
    const restore = await run('restore', restoreField(field));
    const notes = describe(field);
    for (const database of [source, field.ownTarget, field.otherTarget]) databases.drop(database);
    await discard(field.archive, field.dump);
    return {
      contests: [backup, restore],
      bounds: [...bounds('backup', backup), ...bounds('restore', restore)],
      notes,
    };
  },
};

type Step = keyof typeof ratioBounds;

interface Field {
  readonly bench: Bench;
  readonly databases: PostgresDatabases;
  /** Names of databases. */
  readonly source: string;
  readonly ownTarget: string;
  readonly otherTarget: string;
  /** Paths of files. */
  readonly configuration: string;
  readonly archive: string;
  readonly dump: string;
}

function backupField(field: Field): [Contender, Contender] {
  const { bench, databases, source, configuration, archive, dump } = field;
  const words = [...backupWords({ configuration }, archive), '--only', 'database'];
  const own: Contender = {
    name: 'dms-backup backup --only database',
    command: programCommand(bench.options.program, ...words),
    prepare: () => discard(archive),
    output: archive,
  };
  const reference: Contender = {
    name: 'pg_dump -Fc -Z1',
    command: {
      script: 'pg_dump "$@" -Fc -Z1',
      words: [...databases.flags, '-d', source, '-f', dump],
    },
    prepare: () => discard(dump),
    output: dump,
  };
  return [own, reference];
}

/** Both make the database first: an empty place is what both begin with. */
function restoreField(field: Field): [Contender, Contender] {
  const { bench, databases, archive, dump, ownTarget, otherTarget } = field;
  const target = join(bench.place.data, 'target');
  const empty = async (database: string): Promise<void> => {
    await emptyTarget(target);
    databases.drop(database);
    // or the server writes the rows of the run before during this one
    databases.ask('postgres', 'CHECKPOINT');
  };
  const create = 'createdb "${@:1:6}" -T template0 "$7"';
  const words = [...restoreWords(archive, target, databases.url(ownTarget)), '--only', 'database'];
  const restore = programCommand(bench.options.program, ...words);
  const own: Contender = {
    name: 'createdb, dms-backup restore --only database',
    command: {
      script: `${create} && "\${@:8}"`,
      words: [...databases.flags, ownTarget, ...restore.words],
    },
    prepare: () => empty(ownTarget),
  };
  const reference: Contender = {
    name: 'createdb, pg_restore -1',
    command: {
      script: `${create} && pg_restore "\${@:1:6}" -1 -d "$7" "$8"`,
      words: [...databases.flags, otherTarget, dump],
    },
    prepare: () => empty(otherTarget),
  };
  return [own, reference];
}

function bounds(step: Step, { workload, program, references }: ContestResult): BoundResult[] {
  const [reference] = references;
  if (!reference) return [];
  const wallMs = program.wallMs.median;
  const found = reference.wallRatio.median;
  return [
    {
      kind: 'time',
      workload,
      step,
      wallMs,
      ratio: found,
      boundRatio: ratioBounds[step],
      reference: reference.name,
    },
    {
      kind: 'memory',
      workload,
      step,
      wallMs,
      peakBytes: program.peakBytes.most,
      boundBytes: memoryBoundBytes,
    },
  ];
}

function describe({ databases, source, ownTarget, otherTarget }: Field): string[] {
  const megabytes = (database: string): string => {
    const bytes = databases.ask(database, 'SELECT pg_database_size(current_database())');
    return `${Math.round(Number(bytes) / 1e6)} MB`;
  };
  const sizes = `source ${megabytes(source)}, restored by dms-backup ${megabytes(ownTarget)}, by pg_restore ${megabytes(otherTarget)}`;
  return [
    `P: server ${databases.ask(source, 'SHOW server_version')}`,
    `P: size of the database: ${sizes}`,
  ];
}
