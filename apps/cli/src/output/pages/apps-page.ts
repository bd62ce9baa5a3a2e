// The list of adapters.

import type { EngineName } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { table } from './parts.ts';

/** The result of `apps --json`. */
export interface AppsResult {
  readonly apps: readonly {
    readonly name: string;
    readonly title: string;
    readonly aliases: readonly string[];
    readonly package: string;
    readonly packageVersion: string;
    readonly supportedVersions: string;
    readonly engines: readonly EngineName[];
    readonly directory: string;
  }[];
  readonly broken: readonly {
    readonly package: string;
    readonly packageVersion: string;
    readonly directory: string;
    readonly reason: string;
  }[];
}

export function drawApps(result: AppsResult, { stdout: paint, stderr }: PageContext): Page {
  const lines: string[] = [];
  for (const app of result.apps) {
    lines.push(`${paint.bold(app.name)}  ${app.title}`);
    const facts: [string, string][] = [
      ['  versions', app.supportedVersions],
      ['  engines', app.engines.join(', ')],
      ['  package', `${app.package} ${app.packageVersion}`],
    ];
    if (app.aliases.length > 0) facts.unshift(['  also', app.aliases.join(', ')]);
    lines.push(...table(facts));
  }
  if (lines.length === 0) lines.push('no adapter can be loaded');
  const alarms = result.broken.flatMap(({ package: name, packageVersion, directory, reason }) => [
    `${stderr.bad('cannot be loaded:')} ${name} ${packageVersion} (${directory})`,
    `  ${reason}`,
  ]);
  return { stdout: lines, stderr: [], alarms };
}
