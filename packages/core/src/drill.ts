// The verb `drill`: is this archive a way back? It is restored into a scratch folder and a scratch database, checked as a live
// instance is, some documents are opened, the time is taken, and everything is thrown away. The drill log beside the archive
// gets a line, so that somebody can show that restores are practised.

import { basename, join } from 'node:path';
import type { Manifest } from './archive/schema.ts';
import { versionText } from './capture/snapshot.ts';
import { check } from './check.ts';
import { openDrillLog } from './drill/drill-log.ts';
import type { DrillLog, DrillRecord } from './drill/drill-log.ts';
import { openSample } from './drill/sample.ts';
import type { SampleReport } from './drill/sample.ts';
import { assertServer, makeScratchPlace } from './drill/scratch-place.ts';
import type { ScratchPlace } from './drill/scratch-place.ts';
import { DmsBackupError, isDmsBackupError } from './errors.ts';
import { findDatabase } from './instance.ts';
import { openNamedArchive } from './named-archive.ts';
import { assertSameApp, restore } from './restore.ts';
import { parsePlace } from './storage/place.ts';
import { tool } from './tool.ts';
import type {
  CheckFinding,
  CheckResult,
  DrillOptions,
  DrillResult,
  RestoreResult,
} from './verb.ts';

/**
 * Throws what `restore` and `check` throw, and `destination-unwritable` when there can be no log beside the archive. An error
 * after the restore has begun is logged, too, unless it is an interruption. Nothing but the log stays, or what could not be
 * removed, which is told by a warning.
 */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const archive = await readFacts(options);
  const { path, manifest } = archive;
  assertSameApp(manifest, options);
  assertWhole(manifest);
  assertServer(manifest, options);
  const log = openDrillLog(logPath(path, options));
  try {
    return await new Drill(archive, options, log).run();
  } finally {
    log.close();
  }
}

/** Beside the archive; in the working directory for one that lies elsewhere. */
function logPath(archive: string, { workingDirectory }: DrillOptions): string {
  const { kind, fileName } = parsePlace(archive);
  // what was opened elsewhere has a name there
  return `${kind === 'local' ? archive : join(workingDirectory, fileName!)}.drill.jsonl`;
}

interface Archive {
  readonly path: string;
  readonly manifest: Manifest;
  /** Faults that the source had already, as {@link nameOf} has them. */
  readonly known: ReadonlySet<string>;
}

async function readFacts(options: DrillOptions): Promise<Archive> {
  const { reader, name, close } = await openNamedArchive(options);
  try {
    const { exceptionsListed } = reader.seal.proof;
    return {
      path: name,
      manifest: reader.manifest(),
      known: new Set(exceptionsListed.map(nameOf)),
    };
  } finally {
    await close();
  }
}

function nameOf({
  reason,
  documentId,
  path,
}: Pick<CheckFinding, 'reason' | 'documentId' | 'path'>): string {
  return JSON.stringify([reason, documentId, path]);
}

/** Rows are checked against files, so both must be there. */
function assertWhole({ options: { parts } }: Manifest): void {
  if (parts.includes('database') && parts.includes('media')) return;
  throw new DmsBackupError('usage', `the archive holds only: ${parts.join(', ')}`, {
    hint: 'A drill compares rows with files and needs both; `verify` proves such an archive.',
  });
}

/** What was found out while the restored state stood. */
interface Findings {
  readonly restoreSeconds: number;
  readonly restored: RestoreResult;
  readonly checked: CheckResult;
  readonly sample: SampleReport;
}

class Drill {
  readonly #archive: Archive;
  readonly #options: DrillOptions;
  readonly #log: DrillLog;
  readonly #drilledAt = new Date().toISOString();
  readonly #warnings: string[] = [];

  constructor(archive: Archive, options: DrillOptions, log: DrillLog) {
    this.#archive = archive;
    this.#options = options;
    this.#log = log;
  }

  async run(): Promise<DrillResult> {
    this.#step('scratch', 'making a scratch folder');
    const place = await makeScratchPlace(this.#archive.manifest, this.#options);
    for (const name of place.leftovers) {
      this.#warn(
        `database '${name}' on this server is more than a day old: a drill that was killed has left it, or one with --keep; drop it by hand`,
      );
    }
    let isKept = false;
    let findings: Findings;
    try {
      findings = await this.#prove(place);
      isKept = this.#options.keep;
      if (isKept) place.keep();
    } catch (error) {
      this.#logFailure(error);
      throw error;
    } finally {
      if (!isKept) for (const text of await place.discard()) this.#warn(text);
    }
    return this.#conclude(place, findings);
  }

  async #prove(place: ScratchPlace): Promise<Findings> {
    const { signal } = this.#options;
    const began = performance.now();
    const { keys, environment, workingDirectory } = this.#options;
    const restored = await restore({
      ...place.options,
      archive: this.#archive.path,
      // the trial instance sees no variable of ours, but the storage wants its credentials
      archiveAccess: { environment, workingDirectory },
      ...(keys && { keys }),
      parts: ['database', 'media'],
      mediaStrategy: 'replace',
      planOnly: false,
      keepUndo: false,
      // nothing runs here that a version could not fit
      acceptUnknownVersion: true,
    });
    const restoreSeconds = Math.round(performance.now() - began) / 1000;
    const checked = await check(place.options);
    this.#step('sample', 'opening documents');
    const { engine, location, connect } = await findDatabase(place.instance, place.options);
    const snapshot = await engine.openSnapshot(location, connect);
    try {
      const { adapter } = this.#options;
      const sample = await openSample(adapter, snapshot, place.instance, signal);
      return { restoreSeconds, restored, checked, sample };
    } finally {
      await snapshot.close();
    }
  }

  #conclude(place: ScratchPlace, findings: Findings): DrillResult {
    const { restoreSeconds, restored, checked, sample } = findings;
    const exitCode = checked.exitCode === 0 && sample.problems.length === 0 ? 0 : 3;
    const facts = this.#facts();
    const ofLevel = (wanted: string): CheckFinding[] =>
      checked.findings.filter(({ level }) => level === wanted);
    const { documents, documentsComplete, findingsOmitted } = checked;
    this.#log.append({
      ...facts,
      restoreSeconds,
      documents,
      documentsComplete,
      sampled: sample.sampled,
      sampleProblems: sample.problems.length,
      findings: {
        error: ofLevel('error').length,
        warning: ofLevel('warning').length,
        info: ofLevel('info').length,
        omitted: findingsOmitted,
      },
      result: exitCode === 0 ? 'proved' : 'findings',
    });
    return {
      archive: this.#archive.path,
      archiveId: facts.archiveId,
      app: checked.app,
      appVersion: facts.appVersion,
      engine: facts.engine,
      restoreSeconds,
      documents,
      documentsComplete,
      files: checked.files,
      sampled: sample.sampled,
      sampleProblems: sample.problems,
      findings: checked.findings,
      findingsOmitted,
      errorsOfSource: ofLevel('error').filter((one) => this.#archive.known.has(nameOf(one))).length,
      log: this.#log.path,
      kept: this.#options.keep ? { folder: place.folder, database: place.database } : null,
      warnings: [...this.#warnings, ...restored.warnings],
      exitCode,
    };
  }

  #logFailure(error: unknown): void {
    if (!isDmsBackupError(error) || error.code === 'interrupted') return;
    try {
      this.#log.append({
        ...this.#facts(),
        restoreSeconds: null,
        documents: null,
        documentsComplete: null,
        sampled: null,
        sampleProblems: null,
        findings: null,
        result: 'failed',
        error: error.code,
      });
    } catch (failure) {
      // what went wrong with the drill is worth more than that nobody noted it
      this.#warn(failure instanceof Error ? failure.message : String(failure));
    }
  }

  #facts(): Pick<
    DrillRecord,
    'drilledAt' | 'archiveId' | 'archive' | 'toolVersion' | 'adapter' | 'appVersion' | 'engine'
  > {
    const { archiveId, stamp, database } = this.#archive.manifest;
    return {
      drilledAt: this.#drilledAt,
      archiveId,
      archive: basename(this.#archive.path),
      toolVersion: tool.toolVersion,
      adapter: this.#options.adapter.name,
      appVersion: versionText(stamp),
      engine: database?.engine ?? '',
    };
  }

  #step(phase: string, text: string): void {
    this.#options.onEvent?.({ type: 'step', phase, text });
  }

  /** At once, because an error may be all that is told at the end. */
  #warn(text: string): void {
    this.#warnings.push(text);
    this.#options.onEvent?.({ type: 'warning', text });
  }
}
