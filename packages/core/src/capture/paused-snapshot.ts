// The moment that an archive shows: the snapshot and all files that came until then, in one pause of the application. Which of
// them the rows need is found out afterwards: that takes longer than anybody should wait.

import type { ApplicationPause } from './pause.ts';

/** So few files that came meanwhile are read within a pause at once. */
const fewNewcomers = 20;
/** Attempts to come down to that while the application works. */
const passesBeforePause = 3;

/**
 * Without a pause it is the same, only that something may still move meanwhile: the less time passes between snapshot and reading,
 * the less a deletion can take away that the snapshot still needs.
 */
export async function pausedSnapshot(
  pause: ApplicationPause,
  snapshot: { readonly close: () => Promise<void>; readonly open: () => Promise<void> },
  readNewcomers: () => Promise<number>,
): Promise<void> {
  await snapshot.close();
  for (let pass = 0; pass < passesBeforePause; pass++) {
    if ((await readNewcomers()) <= fewNewcomers) break;
  }
  await pause.during(async () => {
    await snapshot.open();
    await readNewcomers();
  });
}
