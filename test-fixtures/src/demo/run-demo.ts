// The story of the demo: a sample instance, a backup, a look into it, a restore into an empty place, and the proof.

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

import { buildPaperlessInstance } from '../paperless/build-instance.ts';
import type { SampleInstance } from '../paperless/sample-instance.ts';
import type { CommandLine, Outcome } from './command-line.ts';
import { createCommandLine, DemoFailure } from './command-line.ts';
import { readExclusions, readResult } from './exclusions.ts';
import type { Place, Proof } from './prove.ts';
import { compareSource, proveRestore, readState } from './prove.ts';

export interface DemoOptions {
  /** The built CLI, absolute. */
  cliPath: string;
  /** Default 200; versions come on top. */
  documents?: number;
  /** Leaves the folder behind and says where it is. */
  keep?: boolean;
  print: (line: string) => void;
}

/** A missing thumbnail is an exception of the source: the archive is written and the exit code may say so. */
const BACKUP_CODES = [0, 3];
const SHOWN_DIFFERENCES = 20;
/** Rows of a 3.0.5 sample that are versions of other documents: the tool counts documents. */
const FORMER_VERSIONS = 3;

/** Exit code: 0 when everything is equal, 1 with a message when not. */
export function runDemo(options: DemoOptions): 0 | 1 {
  const { print } = options;
  if (!existsSync(options.cliPath)) {
    print(
      `The command line tool is not built: ${options.cliPath} is not there. Run 'pnpm build' first.`,
    );
    return 1;
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dms-backup-demo-')));
  try {
    const proof = play(folder, options);
    if (proof.differences.length === 0) return 0;
    print(`NOT EQUAL: ${proof.differences.length} differences`);
    for (const line of proof.differences.slice(0, SHOWN_DIFFERENCES)) print(`  ${line}`);
    return 1;
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    print(`FAILED: ${error.message}`);
    return 1;
  } finally {
    if (options.keep) print(`Kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

function play(folder: string, options: DemoOptions): Proof {
  const { print } = options;
  const instance = buildPaperlessInstance(join(folder, 'instance'), {
    appVersion: '3.0.5',
    documents: (options.documents ?? 200) + FORMER_VERSIONS,
  });
  const before = readState(instance);
  const versions = instance.special.documentVersions.length;
  const count = instance.documents.length - versions;
  print(
    `A sample of paperless-ngx ${instance.appVersion} on SQLite: ${count} documents with ${versions} former versions, ` +
      `${instance.special.trashed.length} of them in the trash, ${instance.special.missingThumbnail.length} without its thumbnail.`,
  );
  print('');
  print(`$ cd ${folder}`);
  const tool = createCommandLine(options.cliPath, folder, print);
  const config = relative(folder, instance.configPath);
  const outcomes: Outcome[] = [];

  mkdirSync(join(folder, 'archives'));
  const backup = tool.run(BACKUP_CODES, '--app', 'paperless', '--config', config, './archives');
  const archive = findArchive(folder, backup);
  outcomes.push(
    backup,
    tool.run(BACKUP_CODES, 'verify', archive),
    tool.run([0], 'inspect', archive),
  );
  const result = readResult(tool.runQuietly([0], 'inspect', '--json', archive).stdout);
  const exclusions = readExclusions(result);
  const sourceChanges = compareSource(before, readState(instance));

  const target = prepareTarget(folder);
  outcomes.push(restore(tool, folder, archive, target));
  if (!existsSync(target.databasePath))
    throw new DemoFailure(`restore made no ${target.databasePath}`);
  const proof = proveRestore(instance, before, target, exclusions);
  proof.differences.push(...sourceChanges, ...findSecrets(instance, outcomes));
  if (proof.differences.length === 0) for (const line of tell(instance, proof, result)) print(line);
  return proof;
}

/** The only line on stdout is the path of the archive. */
function findArchive(folder: string, backup: Outcome): string {
  const archive = backup.stdout.trim();
  const full = resolve(folder, archive);
  if (archive === '' || archive.includes('\n') || !existsSync(full)) {
    throw new DemoFailure(
      `backup must print the path of the archive and nothing else on stdout, not '${archive}'`,
    );
  }
  return relative(folder, full);
}

function prepareTarget(folder: string): Place {
  const place = {
    dataDirectory: join(folder, 'restored', 'data'),
    mediaDirectory: join(folder, 'restored', 'media'),
    databasePath: join(folder, 'restored', 'data', 'db.sqlite3'),
  };
  mkdirSync(place.dataDirectory, { recursive: true });
  mkdirSync(place.mediaDirectory, { recursive: true });
  return place;
}

function restore(tool: CommandLine, folder: string, archive: string, target: Place): Outcome {
  const database = ['--database', `sqlite://${target.databasePath}`];
  const media = ['--media', relative(folder, target.mediaDirectory)];
  const data = ['--data', relative(folder, target.dataDirectory)];
  return tool.run(
    [0],
    'restore',
    archive,
    '--app',
    'paperless',
    ...database,
    ...media,
    ...data,
    '--yes',
  );
}

function findSecrets(instance: SampleInstance, outcomes: readonly Outcome[]): string[] {
  const output = outcomes.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  return Object.entries(instance.secrets)
    .filter(([, value]) => output.includes(value))
    .map(([name]) => `output shows the secret '${name}' of the instance`);
}

/** What was proved, in a few lines. */
function tell(instance: SampleInstance, proof: Proof, result: Record<string, unknown>): string[] {
  const number = new Intl.NumberFormat('en-US');
  const tables = proof.leftOutTables.length;
  const lines = [
    'Compared without the tool, source against restored instance:',
    `  ${number.format(proof.completeDocuments)} of ${number.format(instance.documents.length)} documents and versions restored, ` +
      `${proof.equalTables} tables and ${number.format(proof.equalRows)} rows equal, ` +
      `${number.format(proof.equalFiles)} files equal in content, mode and time.`,
    `  Left out, as the archive declares: ${list(proof.leftOutTables)}${tables > 0 ? '; ' : ''}` +
      `${number.format(proof.leftOutFiles.length)} derived or temporary files.`,
  ];
  const missing = instance.documents.filter((document) => !document.thumbnailExists);
  const report = JSON.stringify(result);
  const named = missing.every(({ thumbnailPath }) =>
    report.includes(thumbnailPath.split('/').at(-1) ?? thumbnailPath),
  );
  const [count, verb, pronoun] =
    missing.length === 1
      ? ['1 thumbnail', 'was', 'is']
      : [`${missing.length} thumbnails`, 'were', 'are'];
  lines.push(
    `  ${count} ${verb} missing in the source${named ? ` and ${pronoun} named in the archive's seal` : ''}.`,
  );
  return lines;
}

function list(tables: readonly string[]): string {
  return tables.length === 0 ? '' : `the rows of ${tables.join(', ')}`;
}
