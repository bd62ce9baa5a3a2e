// `apps`: the adapters that can be loaded here, and those that are there and cannot, with the reason.

import { loadAllAdapters } from '../load-adapter.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawApps, type AppsResult } from '../output/pages/apps-page.ts';
import type { Call, Command } from './command.ts';

async function run({ surroundings }: Call): Promise<Outcome> {
  const { workingDirectory } = surroundings;
  const { loaded, broken } = await loadAllAdapters({ workingDirectory });
  const result: AppsResult = {
    apps: loaded
      .map(({ adapter, adapterPackage, directory }) => ({
        name: adapter.name,
        title: adapter.title,
        aliases: adapter.aliases,
        package: adapterPackage.name,
        packageVersion: adapterPackage.packageVersion,
        supportedVersions: adapter.supportedVersions,
        engines: adapter.engines,
        directory,
      }))
      .toSorted((one, other) => one.name.localeCompare(other.name, 'en')),
    broken: broken.map(({ name, packageVersion, directory, reason }) => ({
      package: name,
      packageVersion,
      directory,
      reason,
    })),
  };
  return createOutcome(result, 0, {}, drawApps);
}

export const appsCommand: Command = {
  name: 'apps',
  summary: 'adapters that can be loaded, with versions',
  description:
    'Lists the adapters found in the node_modules folders of the current directory and of dms-backup: @dms-backup/adapter-* and dms-backup-adapter-*.',
  operands: [],
  flags: [],
  examples: ['dms-backup apps', 'npm install dms-backup-adapter-mydms && dms-backup apps'],
  run,
};
