// Name and version of this tool, as archives record them. Read once from our own package.

import { readFileSync } from 'node:fs';

const packageFile: unknown = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

export const tool = {
  name: 'dms-backup',
  toolVersion: (packageFile as { version: string }).version,
} as const;
