// Builds a whole paperless-ngx instance from facts: database, media root, data directory, configuration.
// Invariant: same options and seed, same bytes, names, modes and times of files; rows do not depend on the journal mode.

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { writeZip } from '../content/zip.ts';
import { readMigrations, readTables } from '../data/paperless-facts.ts';
import type { Table } from '../data/paperless-facts.ts';
import { createFileWriter } from '../file-writer.ts';
import type { FileWriter } from '../file-writer.ts';
import { createRandom } from '../random.ts';
import { editDatabase } from '../write-ahead-log.ts';
import { writeAutomation } from './automation.ts';
import { writeClassification } from './classification.ts';
import { createSchema, quoteName, registerRegexp } from './create-schema.ts';
import type { DocumentFilesContext } from './document-files.ts';
import { writeDocumentFiles } from './document-files.ts';
import { findSpecialDocuments, LEAST_FOR_LATE, planDocuments } from './document-plan.ts';
import type { DocumentPlan } from './document-plan.ts';
import {
  BUNDLED_DOCUMENTS,
  writeBundles,
  writeDetails,
  writeDocumentRows,
  writeLateRows,
  writeSharing,
} from './document-rows.ts';
import { writeHistory, writeMigrationRows } from './history.ts';
import { loadServer } from './load-server.ts';
import { listContentTypes, writePeople, writePermissions } from './people.ts';
import type { RowWriter } from './row-writer.ts';
import { createRowWriter } from './row-writer.ts';
import type {
  SampleBundle,
  SampleDocument,
  SampleInstance,
  SampleOptions,
  SampleServer,
  ServerSampleInstance,
  ServerSampleOptions,
} from './sample-instance.ts';
import {
  LOGO_PATH,
  writeConfiguration,
  writeDataDirectory,
  writeMediaSurroundings,
} from './surroundings.ts';

const LEAST_DOCUMENTS = 5;

type Settings = Required<SampleOptions>;

/**
 * Makes `data/`, `media/` and `config/` below `directory`, which must be empty or absent.
 * @throws RangeError for options that contradict each other; what was written so far stays.
 */
export function buildPaperlessInstance(directory: string, options: SampleOptions): SampleInstance {
  return buildFiles(resolve(directory), options, undefined);
}

/**
 * The same with the database on a server; the configuration leads to it. The rows are those of the SQLite instance with the
 * same options, except that on MariaDB no two documents have names that its collation takes for equal.
 * @throws RangeError as {@link buildPaperlessInstance}, and errors of the server; what was written so far stays.
 */
export async function buildPaperlessServerInstance(
  directory: string,
  options: ServerSampleOptions,
  server: SampleServer,
): Promise<ServerSampleInstance> {
  const built = buildFiles(
    resolve(directory),
    { ...options, journalMode: 'delete', uncheckpointed: false },
    server,
  );
  const { journalMode: _, uncheckpointed: __, databasePath, ...instance } = built;
  const rows = new DatabaseSync(databasePath);
  try {
    await loadServer(server, readTables(options.appVersion), rows);
  } finally {
    rows.close();
  }
  rmSync(databasePath);
  return { ...instance, server };
}

function buildFiles(
  root: string,
  options: SampleOptions,
  server: SampleServer | undefined,
): SampleInstance {
  const settings = completeOptions(options);
  mkdirSync(root, { recursive: true });
  if (readdirSync(root).length > 0)
    throw new Error(`cannot build an instance in '${root}': it is not empty`);
  const [data, media, config] = ['data', 'media', 'config'].map((name) =>
    createFileWriter(join(root, name)),
  ) as [FileWriter, FileWriter, FileWriter];
  // For a server the rows are collected in a file that goes when they are loaded.
  const databasePath = server ? join(root, 'rows.sqlite3') : join(root, 'data', 'db.sqlite3');
  const plans = planDocuments(
    settings.appVersion,
    settings.documents,
    settings.seed,
    server?.engine === 'mariadb',
  );
  const documents: SampleDocument[] = [];
  const context: DocumentFilesContext = {
    media,
    isThree: settings.appVersion === '3.0.5',
    seed: settings.seed,
    scanBytes: settings.scanBytes,
  };
  for (const plan of plans) documents.push(writeDocumentFiles(context, plan));
  const { secrets, bundles, rowCounts } = writeDatabase(
    databasePath,
    settings,
    plans,
    documents,
    (bundle) => writeBundleFile(root, media, documents, bundle),
  );
  const names = writeMediaSurroundings(media, settings.traps);
  writeDataDirectory(data, settings.appVersion);
  const random = createRandom(`configuration ${settings.seed}`);
  Object.assign(
    secrets,
    writeConfiguration(config, settings.appVersion, random, settings.traps, server),
  );
  for (const name of readdirSync(join(root, 'data'))) {
    if (name.startsWith('db.sqlite3')) data.age(name, 0o644);
  }
  for (const writer of [data, media, config]) writer.finish();
  return {
    appVersion: settings.appVersion,
    journalMode: settings.journalMode,
    uncheckpointed: settings.uncheckpointed,
    directory: root,
    dataDirectory: join(root, 'data'),
    mediaDirectory: join(root, 'media'),
    configDirectory: join(root, 'config'),
    databasePath,
    configPath: join(root, 'config', 'paperless.conf'),
    composePath: join(root, 'config', 'docker-compose.yml'),
    environmentPath: join(root, 'config', 'docker-compose.env'),
    rowCounts,
    migrations: readMigrations(settings.appVersion),
    documents,
    special: findSpecialDocuments(plans),
    bundles,
    logoPath: LOGO_PATH,
    secrets,
    ...names,
  };
}

function completeOptions(options: SampleOptions): Settings {
  const settings: Settings = {
    documents: 200,
    seed: 1,
    journalMode: options.appVersion === '3.0.5' ? 'wal' : 'delete',
    uncheckpointed: false,
    traps: false,
    scanBytes: 0,
    ...options,
  };
  if (settings.uncheckpointed && settings.journalMode !== 'wal') {
    throw new RangeError("uncheckpointed rows need journalMode 'wal'");
  }
  const least = settings.uncheckpointed ? LEAST_FOR_LATE : LEAST_DOCUMENTS;
  if (!Number.isInteger(settings.documents) || settings.documents < least) {
    throw new RangeError(`an instance has at least ${least} documents, not ${settings.documents}`);
  }
  return settings;
}

interface DatabaseResult {
  secrets: Record<string, string>;
  bundles: SampleBundle[];
  rowCounts: Record<string, number>;
}

/** `makeBundle` writes the file of a ready bundle and returns its size in bytes. */
function writeDatabase(
  path: string,
  settings: Settings,
  plans: readonly DocumentPlan[],
  documents: readonly SampleDocument[],
  makeBundle: (bundle: SampleBundle) => number,
): DatabaseResult {
  const tables = readTables(settings.appVersion);
  const early = plans.filter((plan) => !plan.traits.includes('late'));
  const late = plans.filter((plan) => plan.traits.includes('late'));
  const byId = new Map(documents.map((document) => [document.id, document]));
  const result: DatabaseResult = { secrets: {}, bundles: [], rowCounts: {} };

  const prepare = (database: DatabaseSync): void => {
    registerRegexp(database);
    database.exec('PRAGMA synchronous = OFF');
    database.exec(`PRAGMA journal_mode = ${settings.journalMode}`);
  };
  const writeDocuments = (writer: RowWriter, some: readonly DocumentPlan[]): void => {
    for (const plan of some) {
      const document = byId.get(plan.id);
      if (document) writeDocumentRows(writer, plan, document);
    }
  };

  editDatabase(path, false, prepare, (database) => {
    createSchema(database, tables);
    const writer = createRowWriter(database, settings.appVersion, tables);
    const random = createRandom(`rows ${settings.seed}`);
    const contentTypes = listContentTypes(settings.appVersion, tables);
    writeMigrationRows(writer);
    writePermissions(writer, contentTypes);
    Object.assign(result.secrets, writePeople(writer, random));
    writeClassification(writer, random);
    writeDocuments(writer, early);
    Object.assign(result.secrets, writeAutomation(writer, random));
    writeDetails(writer, early, settings.seed);
    const sharing = writeSharing(writer, random, contentTypes);
    Object.assign(
      result.secrets,
      sharing.secrets,
      writeApplicationConfiguration(writer, random.hex(16)),
    );
    const [ready] = sharing.bundles;
    if (ready) writeBundles(writer, sharing.bundles, makeBundle(ready));
    writeHistory(writer, random, contentTypes, early, settings.seed);
    leaveGaps(database);
    result.bundles = sharing.bundles;
  });
  editDatabase(path, settings.uncheckpointed, prepare, (database) => {
    const writer = createRowWriter(database, settings.appVersion, tables);
    writeDocuments(writer, late);
    writeLateRows(writer, plans.at(-1)?.id ?? 1);
    database.exec("UPDATE documents_correspondent SET name = name || ' (neu)' WHERE id = 6");
    result.rowCounts = countRows(database, tables);
  });
  return result;
}

/** One row, id 1; in 3.x it holds a key for a language model. Returns the secrets in it. */
function writeApplicationConfiguration(writer: RowWriter, token: string): Record<string, string> {
  const secrets: Record<string, string> = writer.isThree
    ? { llmApiKey: `sample-llm-${token}` }
    : {};
  writer.insertAll('paperless_applicationconfiguration', [
    {
      language: 'deu+eng',
      app_title: 'Ablage Ä',
      app_logo: LOGO_PATH,
      user_args: '{"invalidate_digital_signatures": true}',
      llm_api_key: secrets.llmApiKey ?? null,
      llm_backend: writer.isThree ? 'openai-like' : null,
    },
  ]);
  return secrets;
}

/** The last ids of some tables were used and deleted: the next id is not the highest plus one. */
function leaveGaps(database: DatabaseSync): void {
  const tables = ['documents_document', 'documents_note', 'documents_tag'];
  const raise = database.prepare('UPDATE sqlite_sequence SET seq = seq + 1000 WHERE name = ?');
  for (const table of tables) raise.run(table);
}

function countRows(database: DatabaseSync, tables: readonly Table[]): Record<string, number> {
  return Object.fromEntries(
    tables.map((table) => {
      const row = database.prepare(`SELECT count(*) AS rows FROM ${quoteName(table.name)}`).get();
      return [table.name, Number(row?.rows)];
    }),
  );
}

/** Returns the size of the ZIP. */
function writeBundleFile(
  root: string,
  media: FileWriter,
  documents: readonly SampleDocument[],
  bundle: SampleBundle,
): number {
  const members = documents
    .filter((document) => BUNDLED_DOCUMENTS.includes(document.id))
    .map(({ original }) => ({
      name: basename(original.path),
      data: readFileSync(join(root, 'media', original.path)),
    }));
  const zip = writeZip(members);
  if (bundle.path !== null) media.write(bundle.path, zip);
  return zip.length;
}
