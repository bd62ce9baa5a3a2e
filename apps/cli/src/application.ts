// Which application the archives are of that a verb looks at, when it needs nothing else of the adapter.

import type { Call } from './commands/command.ts';
import type { Wanted } from './latest-archive.ts';
import { loadAdapter } from './load-adapter.ts';

/**
 * The names under which archives of --app go: those of its adapter. An archive outlives the adapter that made it, so an application
 * without one is looked for by the name as it is written. Undefined without --app. Throws what `loadAdapter` throws for
 * an adapter that is there and broken.
 */
export async function applicationOf(call: Call): Promise<Wanted | undefined> {
  const { values, surroundings, output } = call;
  const { app } = values;
  if (app === undefined) return undefined;
  const { isDmsBackupError } = await import('@dms-backup/core');
  try {
    const { adapter } = await loadAdapter(app, { workingDirectory: surroundings.workingDirectory });
    return { title: adapter.title, names: [adapter.name, ...adapter.aliases] };
  } catch (error) {
    const isUnknown = isDmsBackupError(error) && error.code === 'adapter-not-found';
    if (!isUnknown || app.includes('/')) throw error;
    output.warn(`there is no adapter '${app}': only archives of exactly that name are looked at`);
    return { title: app, names: [app] };
  }
}
