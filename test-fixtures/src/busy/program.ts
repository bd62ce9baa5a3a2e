// The process of a busy application. Its one argument is JSON (see `start.ts`). Says `ready`, works until its standard input
// ends, then says what it did.

import type { BusyOptions } from './start.ts';
import { work, type Habits, type HabitOptions } from './application.ts';
import { connect } from './connection.ts';
import { nextgiswebHabits } from './nextgisweb.ts';
import { paperlessHabits } from './paperless.ts';
import { papermergeHabits } from './papermerge.ts';

const habitsOf: Readonly<Record<BusyOptions['product'], (options: HabitOptions) => Habits>> = {
  paperless: paperlessHabits,
  papermerge: papermergeHabits,
  nextgisweb: nextgiswebHabits,
};

const options = JSON.parse(process.argv[2] ?? '') as BusyOptions;
const { product, database, mediaDirectory } = options;
const stopping = new AbortController();
process.stdin.on('end', () => stopping.abort()).resume();

const connection = await connect(database);
const habits = habitsOf[product]({ connection, mediaDirectory });
const statistics = await work(
  habits,
  { ...options, seed: `${product} at work` },
  () => process.stdout.write('ready\n'),
  stopping.signal,
);
await connection.close();
process.stdout.write(`${JSON.stringify(statistics)}\n`);
