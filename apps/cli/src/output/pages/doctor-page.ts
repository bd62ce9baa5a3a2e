// The report of `doctor`: where every value comes from, each thing that was looked at, and the remedy beside what is wrong.

import type { DoctorResult } from '@dms-backup/core';
import type { Page, PageContext } from '../outcome.ts';
import { stampText, table, warningLines } from './parts.ts';

type Instance = DoctorResult['instance'];

/** A server as the URL that `--database` takes: it can be copied. There is no password in it. */
function databasePlace(database: NonNullable<Instance['database']>['value']): string {
  if (database.engine === 'sqlite') return `sqlite ${database.path}`;
  const { engine, user, host, port, name, options = {} } = database;
  const login = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  // An address of IPv6 goes into brackets, the directory of a socket is written with %2F.
  const server = host.includes(':') ? `[${host}]` : encodeURIComponent(host);
  const query = new URLSearchParams(options).toString().replaceAll('%2F', '/');
  return `${engine}://${login}${server}${port === undefined ? '' : `:${port}`}/${encodeURIComponent(name)}${query === '' ? '' : `?${query}`}`;
}

function valueLines(instance: Instance): string[] {
  const { database, roots, appVersion, settings } = instance;
  const rows: [string, string][] = [];
  rows.push(
    database === undefined
      ? ['database', 'not found']
      : ['database', `${databasePlace(database.value)}  (${database.source})`],
  );
  for (const { name, directory, source } of roots) rows.push([name, `${directory}  (${source})`]);
  if (appVersion !== undefined)
    rows.push(['version', `${appVersion.value}  (${appVersion.source})`]);
  for (const { name, value, source } of settings) rows.push([name, `${value}  (${source})`]);
  return table(rows);
}

export function drawDoctor(
  result: DoctorResult,
  { stdout: paint }: PageContext,
  extra: { readonly title: string; readonly adapter: string },
): Page {
  const { instance, stamp, checks, recovery } = result;
  const lines = [
    paint.bold(
      stamp === null ? `${extra.title}, version not found` : stampText(extra.title, stamp),
    ),
    `adapter ${extra.adapter}`,
    '',
    paint.bold('Values and their sources'),
    ...valueLines(instance),
    '',
  ];
  if (instance.lookedAt.length > 0) {
    lines.push(paint.bold('Looked at'));
    lines.push(
      ...instance.lookedAt.map(
        ({ place, found }) => `${found ? 'found      ' : 'not there  '}${place}`,
      ),
      '',
    );
  }
  if (recovery !== null) lines.push(`after a run that did not end: ${recovery.text}`, '');
  lines.push(paint.bold('Checks'));
  const width = Math.max(0, ...checks.map(({ name }) => name.length)) + 2;
  for (const { name, ok, says, remedy } of checks) {
    const mark = ok ? paint.good('ok    ') : paint.bad('not ok');
    lines.push(`${mark}  ${name.padEnd(width)}${says}`);
    if (!ok && remedy !== null) lines.push(`        ${' '.repeat(width)}remedy: ${remedy}`);
  }
  lines.push(...warningLines(instance.warnings, paint), '');
  lines.push(
    result.exitCode === 0
      ? paint.good('A backup can run now.')
      : paint.bad('A backup cannot run: see what is not ok.'),
  );
  return { stdout: lines, stderr: [] };
}
