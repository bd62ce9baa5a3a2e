// The verb `backup`: one archive of a running instance. Order of steps: find, stamp, media, snapshot, catch-up, proof, rows,
// catalogue, index, seal. The archive appears under its name only when all of it is durable; a missing file never prevents
// the rest, it is named in the seal and the exit code is 3.

import { createHash, randomUUID } from 'node:crypto';
import type { Instance, Root, Stamp } from './adapter.ts';
import { readmeText } from './archive/readme.ts';
import { SealSchema, formatVersion } from './archive/schema.ts';
import type { Manifest, Seal } from './archive/schema.ts';
import { sealText } from './archive/seal-text.ts';
import { ArchiveWriter } from './archive/writer.ts';
import type { WrittenEntry } from './archive/writer.ts';
import { archiveCatalogue, archiveExceptions } from './capture/catalogue.ts';
import { archiveDatabase, planTables, unknownTables } from './capture/database.ts';
import type { TablePlan } from './capture/database.ts';
import { ExclusionList } from './capture/exclusions.ts';
import { BackupLedger } from './capture/ledger.ts';
import { buildManifest, compressionLevel } from './capture/manifest.ts';
import { ApplicationPause } from './capture/pause.ts';
import { pausedSnapshot } from './capture/paused-snapshot.ts';
import { archiveMedia, existingRoots } from './capture/media.ts';
import { readExternals, readReferences, readStamp, versionText } from './capture/snapshot.ts';
import type { MediaSource } from './capture/media.ts';
import type { DatabaseSnapshot } from './database/engine.ts';
import { openBackupOutput } from './destination/backup-output.ts';
import type { BackupOutput } from './destination/backup-output.ts';
import { assertComparable, withRemoval } from './diff/last-archive.ts';
import { DmsBackupError, assertNotAborted } from './errors.ts';
import { findDatabase, findInstance } from './instance.ts';
import type { InstanceDatabase } from './instance.ts';
import { assertNoRestore, restoreMark, shareInstance } from './staging/target.ts';
import type { Sink } from './io/sink.ts';
import { Spool } from './io/spool.ts';
import type { BackupOptions, BackupResult } from './verb.ts';

/** Exceptions listed in the seal itself; all are in `catalogue/exceptions.jsonl`. */
const listedExceptions = 1000;
/** The same of what lies elsewhere. */
const listedExternals = 1000;

/**
 * Makes one archive. Returns exit code 3 when something essential of the source is missing, changed or unreadable,
 * or documents are gone and the user wants to know.
 * Throws configuration and source errors before anything is written; later errors (`no-space`, `interrupted`,
 * `database-corrupt`, ...) leave no file behind.
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  assertComparable(options);
  const instance = await findInstance(options);
  const database = await findDatabase(instance, options);
  const { environment } = options;
  const lock = await shareInstance(instance.roots, database.location, environment, options);
  try {
    assertNoRestore(instance.roots, database.location, environment);
    return await withRemoval(await writeArchive(options, instance, database), options);
  } finally {
    lock.release();
  }
}

/** The same for an instance that is known already, whatever a journal says about it. */
export async function writeArchive(
  options: BackupOptions,
  instance: Instance,
  database: InstanceDatabase,
): Promise<BackupResult> {
  const onEvent = options.onEvent ?? (() => undefined);
  const { roots, missing } = options.parts.includes('media')
    ? existingRoots(instance)
    : { roots: instance.roots, missing: [] };
  const warnings = [
    ...instance.warnings,
    ...missing.map(
      (root) =>
        `the ${root.name} root '${root.directory}' does not exist and is not in the archive`,
    ),
  ];
  const run = new BackupRun(options, instance, database, roots, warnings);
  onEvent({ type: 'step', phase: 'prepare', text: 'reading version and references' });
  try {
    await run.prepare();
    await run.write();
    return run.result();
  } finally {
    await run.close();
  }
}

/** One backup under way: what the steps share. */
class BackupRun {
  readonly #ledger = new BackupLedger();
  readonly #exclusions = new ExclusionList();
  readonly #createdAt = new Date();
  readonly #archiveId = randomUUID();
  #snapshot: DatabaseSnapshot | undefined;
  #writer: ArchiveWriter | undefined;
  #stamp!: Stamp;
  #plans: TablePlan[] = [];
  #seal!: Seal;
  #output: BackupOutput | undefined;
  #incomplete = false;
  readonly options: BackupOptions;
  readonly instance: Instance;
  readonly database: InstanceDatabase;
  readonly roots: readonly Root[];
  readonly warnings: string[];
  readonly #restoreMark: string;

  constructor(
    options: BackupOptions,
    instance: Instance,
    database: InstanceDatabase,
    roots: readonly Root[],
    warnings: string[],
  ) {
    this.options = options;
    this.instance = instance;
    this.database = database;
    this.roots = roots;
    this.warnings = warnings;
    this.#restoreMark = this.#readRestoreMark();
  }

  /** Everything that can be refused before a byte is written. */
  async prepare(): Promise<void> {
    await this.#openSnapshot();
    this.#stamp = await readStamp(this.options.adapter, this.#database, this.instance);
    this.warnings.push(...this.#stamp.warnings);
    const { damage, brokenRules } = await this.#database.checkIntegrity();
    if (damage.length > 0) {
      throw new DmsBackupError(
        'database-corrupt',
        `the database is damaged: ${damage.slice(0, 3).join('; ')}`,
      );
    }
    this.warnings.push(
      ...brokenRules
        .slice(0, 10)
        .map((text) => `rows that break a rule of their table are kept: ${text}`),
    );
    // only files are compared with them
    if (this.options.parts.includes('media')) await this.#readReferences();
  }

  async write(): Promise<void> {
    const { options } = this;
    const writer = new ArchiveWriter({
      sink: await this.#openOutput(),
      codec: options.compression,
      level: compressionLevel(options),
      ...(options.signal && { signal: options.signal }),
    });
    this.#writer = writer;
    const manifest = this.#manifest();
    await this.#addText('README.txt', readmeText(manifest));
    const manifestText = `${JSON.stringify(manifest, null, 1)}\n`;
    await this.#addText('manifest.json', manifestText);
    await this.#archiveMedia();
    const tables = options.parts.includes('database') ? await this.#archiveDatabase() : [];
    this.#step('catalogue', 'writing the catalogue');
    const onEntry = this.#note;
    const source = { adapter: options.adapter, instance: this.instance, database: this.#database };
    const documents = await archiveCatalogue(source, this.#ledger, writer, onEntry);
    const exceptions = await archiveExceptions(this.#ledger, writer, onEntry, listedExceptions);
    await this.#sealArchive(manifestText, tables, documents, exceptions);
  }

  result(): BackupResult {
    const { proof, counts } = this.#seal;
    return {
      path: this.#output?.path ?? null,
      archiveId: this.#archiveId,
      app: this.options.adapter.name,
      stamp: this.#stamp,
      counts,
      archiveBytes: this.#output?.storedBytes() ?? 0,
      proof,
      excluded: this.#seal.excluded,
      externals: this.#seal.externals,
      unknownTables: this.#seal.unknownTables,
      warnings: this.warnings,
      dryRun: this.options.dryRun,
      complete: !this.#incomplete,
      removal: null,
      exitCode: this.#incomplete ? 3 : 0,
    };
  }

  /** Leaves nothing behind: no partial file, no thread, no open snapshot. */
  async close(): Promise<void> {
    await this.#writer?.discard();
    await this.#snapshot?.close();
    this.#ledger.close();
    await this.#output?.close();
  }

  get #database(): DatabaseSnapshot {
    if (!this.#snapshot) throw new Error('no snapshot is open');
    return this.#snapshot;
  }

  #step(phase: string, text: string): void {
    assertNotAborted(this.options.signal);
    this.options.onEvent?.({ type: 'step', phase, text });
  }

  readonly #note = (entry: WrittenEntry): void => {
    this.#ledger.addEntry(entry);
    this.#counts.add(entry);
  };
  readonly #counts = new EntryCounts();

  async #addText(path: string, text: string): Promise<void> {
    await this.#writer!.addMade({ path, content: Buffer.from(text) }, this.#note);
  }

  async #openSnapshot(): Promise<void> {
    await this.#closeSnapshot();
    const { engine, location, connect } = this.database;
    this.#snapshot = await engine.openSnapshot(location, connect);
  }

  async #closeSnapshot(): Promise<void> {
    await this.#snapshot?.close();
    this.#snapshot = undefined;
  }

  async #readReferences(): Promise<void> {
    const { adapter, excludeClasses } = this.options;
    await readReferences(adapter, this.#database, this.instance, this.#ledger, excludeClasses);
  }

  async #openOutput(): Promise<Sink> {
    const facts = {
      app: this.options.adapter.name,
      appVersion: versionText(this.#stamp),
      createdAt: this.#createdAt,
    };
    const instance = { ...this.instance, roots: this.roots };
    this.#output = await openBackupOutput(this.options, instance, facts);
    this.warnings.push(...this.#output.warnings);
    return this.#output.sink;
  }

  /** Plans the tables, declares what the user leaves out, and says all that is known by now. */
  #manifest(): Manifest {
    const { options } = this;
    const withDatabase = options.parts.includes('database');
    const exclusions = withDatabase ? this.#exclusions : new ExclusionList();
    this.#plans = planTables(
      options.adapter,
      this.#database.schema,
      this.#stamp,
      options.excludeClasses,
      exclusions,
    );
    if (!withDatabase)
      this.#exclusions.addTable('*', {
        class: 'essential',
        reason: 'the user left the database out',
      });
    if (!options.parts.includes('media')) {
      for (const { name } of this.roots) {
        this.#exclusions.addFile(name, './', {
          class: 'essential',
          keep: false,
          reason: 'the user left the media out',
        });
      }
    }
    return buildManifest({
      archiveId: this.#archiveId,
      createdAt: this.#createdAt,
      options,
      instance: this.instance,
      roots: this.roots,
      stamp: this.#stamp,
      schema: this.#database.schema,
      location: this.database.location,
      plans: this.#plans,
    });
  }

  /** Files first, while the application works; then the snapshot that counts, and what it needs and we do not have yet. */
  async #archiveMedia(): Promise<void> {
    const { options, instance, roots } = this;
    if (!options.parts.includes('media')) return;
    const source: MediaSource = {
      adapter: options.adapter,
      instance,
      roots,
      databaseFiles: this.database.engine.filesOf(this.database.location),
      excludeClasses: options.excludeClasses,
      onEvent: options.onEvent ?? (() => undefined),
      ...(options.signal && { signal: options.signal }),
    };
    const pause = new ApplicationPause(source);
    const snapshot = { close: () => this.#closeSnapshot(), open: () => this.#openSnapshot() };
    const unreadable = await archiveMedia(
      source,
      this.#ledger,
      this.#writer!,
      this.#exclusions,
      async (readNewcomers) => {
        await pausedSnapshot(pause, snapshot, readNewcomers);
        await this.#assertSameState();
        await this.#readReferences();
      },
    );
    if (pause.summary !== undefined) this.#step('media', pause.summary);
    this.warnings.push(...pause.warnings);
    this.#incomplete ||= unreadable.length > 0;
    this.warnings.push(...unreadable.slice(0, 100));
    if (unreadable.length > 100)
      this.warnings.push(`and ${unreadable.length - 100} more that cannot be read`);
  }

  async #assertSameState(): Promise<void> {
    const stamp = await readStamp(this.options.adapter, this.#database, this.instance);
    if (JSON.stringify(stamp.migrations) !== JSON.stringify(this.#stamp.migrations)) {
      throw new DmsBackupError(
        'source-changed',
        'the application was upgraded while its files were read',
      );
    }
  }

  #readRestoreMark(): string {
    return restoreMark(this.roots, this.database.location, this.options.environment);
  }

  /** A restore that could not see our lock: what was read is of two states. */
  #assertNotRestored(): void {
    if (this.#readRestoreMark() === this.#restoreMark) return;
    throw new DmsBackupError('source-changed', 'the instance was restored while the backup ran', {
      hint: 'Start the backup again.',
    });
  }

  async #archiveDatabase(): Promise<Seal['tables']> {
    this.#step('database', 'reading the tables');
    const { onEvent, signal } = this.options;
    return await archiveDatabase(this.#database, this.#plans, this.#writer!, this.#note, {
      onEvent: onEvent ?? (() => undefined),
      ...(signal && { signal }),
    });
  }

  async #sealArchive(
    manifestText: string,
    tables: Seal['tables'],
    documents: number,
    exceptions: Awaited<ReturnType<typeof archiveExceptions>>,
  ): Promise<void> {
    this.#step('seal', 'writing index and seal');
    const { options } = this;
    const writer = this.#writer!;
    await writer.drain();
    this.#assertNotRestored();
    const proof = this.#ledger.counts();
    this.#incomplete ||= proof.essentialExceptions > 0;
    const withMedia = options.parts.includes('media');
    const index = await this.#writeIndex();
    const text = sealText({
      formatVersion,
      archiveId: this.#archiveId,
      sealedAt: new Date().toISOString(),
      manifestSha256: createHash('sha256').update(manifestText).digest('hex'),
      index,
      counts: { ...this.#ledger.archivedCounts(), ...this.#counts.database(tables), documents },
      tables,
      proof: {
        documents,
        documentsComplete: withMedia ? documents - proof.incompleteDocuments : 0,
        references: proof.references,
        referencesWithChecksum: proof.referencesWithChecksum,
        unreferencedFiles: proof.unreferencedFiles,
        exceptions: exceptions.count,
        exceptionsListed: exceptions.first,
      },
      excluded: this.#exclusions.list(),
      externals: await readExternals(
        options.adapter,
        this.#database,
        this.instance,
        listedExternals,
        this.warnings,
      ),
      unknownTables: unknownTables(this.#plans),
      warnings: this.warnings,
    });
    this.#seal = SealSchema.parse(JSON.parse(text));
    await writer.finish({ path: 'seal.json', content: Buffer.from(text) });
  }

  async #writeIndex(): Promise<Seal['index']> {
    const spool = new Spool();
    try {
      const entries = this.#ledger.entryCount;
      for (const line of this.#ledger.indexLines()) spool.append(line);
      let index: WrittenEntry | undefined;
      await this.#writer!.addSpool('index.jsonl', spool, (entry) => {
        index = entry;
      });
      await this.#writer!.drain();
      const { frame, offset, size, sha256 } = index!;
      return { frame, offset, size, sha256, entries };
    } finally {
      spool.close();
    }
  }
}

/** Bytes of the database part, counted as its entries are written. */
class EntryCounts {
  #databaseBytes = 0;

  add(entry: WrittenEntry): void {
    if (entry.path.subarray(0, 9).toString('latin1') === 'database/')
      this.#databaseBytes += entry.size;
  }

  database(tables: Seal['tables']): Pick<Seal['counts'], 'tables' | 'rows' | 'databaseBytes'> {
    const rows = tables.reduce((sum, each) => sum + each.rows, 0);
    return { tables: tables.length, rows, databaseBytes: this.#databaseBytes };
  }
}
