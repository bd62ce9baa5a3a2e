// Workload C on SQLite: a database with much text and many rows, without files.

import { join } from 'node:path';
import { runContest } from '../contest.ts';
import type { Contender } from '../contest.ts';
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
import { hasTool } from '../machine.ts';
import type { Bench, Workload } from './workload.ts';
import { scaled } from './workload.ts';

export const sqliteRows: Workload = {
  name: 'c',
  title: 'C on SQLite: 20,000 documents with 4 KB of text, 100,000 tag rows, 200,000 audit rows',
  run: async (bench) => {
    const { options, place, tell } = bench;
    tell('C: making the data set');
    const instance = await filledInstance(place, 'C', {
      ...nothing,
      documents: scaled(20_000, options),
      textBytes: 4096,
      tagsEach: 5,
      auditRowsEach: 10,
    });
    const contests = [];
    for (const step of ['backup', 'restore'] as const) {
      const [program, ...references] = step === 'backup' ? backup(bench, instance) : restore(bench);
      const contest = { workload: 'C', step, program, references };
      contests.push(await runContest(contest, options.pairs, place, tell));
    }
    await discard(...Object.values(paths(bench)), instance.directory);
    return { contests, bounds: [] };
  },
};

type Field = [program: Contender, ...references: Contender[]];

/** `iterdump` of Python's standard library, where the shell of SQLite is missing. */
const pythonDump = `import sqlite3, sys
database = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
for line in database.iterdump(): sys.stdout.write(line + '\\n')`;

function paths({ place }: Bench): { archive: string; dump: string; copy: string; target: string } {
  const at = (name: string): string => join(place.archives, name);
  return {
    archive: at('archive.tar.zst'),
    dump: at('dump.sql.zst'),
    copy: at('copy.zst'),
    target: join(place.data, 'target'),
  };
}

function backup(bench: Bench, instance: Instance): Field {
  const { archive, dump, copy } = paths(bench);
  const words = [...backupWords(instance, archive), '--only', 'database'];
  const field: Field = [
    {
      name: 'dms-backup backup --only database',
      command: programCommand(bench.options.program, ...words),
      prepare: () => discard(archive),
      output: archive,
    },
  ];
  const reference = (name: string, script: string, output: string, ...more: string[]): void => {
    field.push({
      name,
      command: { script, words: [instance.database, output, ...more] },
      prepare: () => discard(output),
      output,
    });
  };
  if (hasTool('sqlite3')) {
    reference('sqlite3 .dump | zstd -1 -T0', 'sqlite3 "$1" .dump | zstd -1 -T0 -q > "$2"', dump);
  } else if (hasTool('python3')) {
    const script = 'python3 -c "$3" "$1" | zstd -1 -T0 -q > "$2"';
    reference('python3 iterdump | zstd -1 -T0', script, dump, pythonDump);
  }
  // no proof of anything, not even of one state: what remains when nothing is read as rows
  reference('zstd -1 -T0 of the file', 'zstd -1 -T0 -q < "$1" > "$2"', copy);
  return field;
}

function restore(bench: Bench): Field {
  const { archive, dump, copy, target } = paths(bench);
  const words = [...restoreWords(archive, target), '--only', 'database'];
  const database = join(target, 'data', 'db.sqlite3');
  const prepare = () => emptyTarget(target);
  const field: Field = [
    {
      name: 'dms-backup restore --only database',
      command: programCommand(bench.options.program, ...words),
      prepare,
    },
  ];
  if (hasTool('sqlite3')) {
    const script = 'zstd -dc "$1" | sqlite3 "$2"';
    field.push({
      name: 'zstd -dc | sqlite3',
      command: { script, words: [dump, database] },
      prepare,
    });
  }
  const script = 'zstd -dc "$1" > "$2" && sqlite3 "$2" "PRAGMA integrity_check" > "$2.check"';
  if (hasTool('sqlite3')) {
    field.push({
      name: 'zstd -dc of the file, integrity_check',
      command: { script, words: [copy, database] },
      prepare,
    });
  }
  return field;
}
