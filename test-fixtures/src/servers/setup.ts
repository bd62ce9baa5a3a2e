// Global setup of vitest in every package: one keeper for the whole run. It starts a server only when a test asks for it.

import { startKeeper } from './start-keeper.ts';
import { KEEPER_VARIABLE } from './keeper-protocol.ts';

/** Returns what ends the servers, or nothing when the setup of another package did the work. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[KEEPER_VARIABLE] !== undefined) return undefined;
  const keeper = await startKeeper();
  // The processes of the tests inherit it.
  process.env[KEEPER_VARIABLE] = keeper.directory;
  return async () => {
    Reflect.deleteProperty(process.env, KEEPER_VARIABLE);
    for (const note of await keeper.stop()) console.log(note);
  };
}
