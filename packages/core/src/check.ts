// The verb `check`: the live instance against itself. The same pass as a backup, with nowhere to write to: every row has its
// file with the recorded checksum, every file has its row, the database is sound. Finds what the products' own checkers find,
// and says it with an exit code.

import type { CheckFinding, CheckResult, InstanceOptions } from './verb.ts';
import { checked } from './adapter-check.ts';
import { RowFindingSchema } from './adapter-schema.ts';
import { ArchiveWriter } from './archive/writer.ts';
import type { Exception } from './archive/schema.ts';
import { ExclusionList } from './capture/exclusions.ts';
import { BackupLedger } from './capture/ledger.ts';
import { archiveMedia, existingRoots } from './capture/media.ts';
import { readReferences, readStamp } from './capture/snapshot.ts';
import type { DatabaseSnapshot } from './database/engine.ts';
import { findDatabase, findInstance } from './instance.ts';
import { assertNoRestore } from './staging/target.ts';
import { createNullSink } from './io/sink.ts';

/** Findings that are listed; more are only counted. */
const listedFindings = 10_000;

/** Never writes. Throws configuration and source errors; findings are no errors, they are the result (exit code 3). */
export async function check(options: InstanceOptions): Promise<CheckResult> {
  const { adapter, signal } = options;
  const instance = await findInstance(options);
  const { engine, location, connect } = await findDatabase(instance, options);
  assertNoRestore(instance.roots, location, options.environment);
  const { roots } = existingRoots(instance);
  const onEvent = options.onEvent ?? (() => undefined);
  const withSignal = signal && { signal };
  let snapshot: DatabaseSnapshot = await engine.openSnapshot(location, connect);
  const ledger = new BackupLedger();
  // last: its threads keep the process alive until they are told to end
  const writer = new ArchiveWriter({
    sink: createNullSink(),
    codec: 'none',
    level: 0,
    ...withSignal,
  });
  const findings = new Findings();
  try {
    onEvent({ type: 'step', phase: 'prepare', text: 'reading version and references' });
    const stamp = await readStamp(adapter, snapshot, instance);
    await readReferences(adapter, snapshot, instance, ledger);
    const source = {
      adapter,
      instance,
      roots,
      databaseFiles: engine.filesOf(location),
      excludeClasses: [],
      onEvent,
      ...withSignal,
    };
    const unreadable = await archiveMedia(source, ledger, writer, new ExclusionList(), async () => {
      await snapshot.close();
      snapshot = await engine.openSnapshot(location, connect);
      await readReferences(adapter, snapshot, instance, ledger);
    });
    const { damage, brokenRules } = await snapshot.checkIntegrity();
    for (const problem of damage) findings.add(general('error', 'integrity', problem));
    for (const problem of brokenRules) findings.add(general('warning', 'integrity', problem));
    for (const warning of stamp.warnings) findings.add(general('warning', 'version', warning));
    for (const text of unreadable) findings.add(general('error', 'unreadable', text));
    for (const exception of ledger.exceptions()) findings.add(fromException(exception));
    if (adapter.inspectRows) {
      for await (const each of adapter.inspectRows(snapshot, instance)) {
        findings.add(checked(RowFindingSchema, each, adapter.name, 'inspectRows'));
      }
    }
    for (const { root, path } of ledger.unreferenced()) {
      const text = path.toString('utf8');
      // what no row is expected to name is worth a line, not an alarm
      const level = adapter.classify(root, text, instance).standalone === true ? 'info' : 'warning';
      findings.add({
        ...general(level, 'orphan', `no row names the file ${root}: '${text}'`),
        path: text,
      });
    }
    const { files } = ledger.archivedCounts();
    const counts = ledger.counts();
    let documents = 0;
    for await (const _ of adapter.documents(snapshot, instance)) documents++;
    return {
      app: adapter.name,
      stamp,
      documents,
      documentsComplete: documents - counts.incompleteDocuments,
      files,
      findings: findings.listed,
      findingsOmitted: findings.omitted,
      exitCode: findings.errors > 0 ? 3 : 0,
    };
  } finally {
    await writer.discard();
    await snapshot.close();
    ledger.close();
  }
}

class Findings {
  readonly listed: CheckFinding[] = [];
  omitted = 0;
  errors = 0;

  add(finding: CheckFinding): void {
    if (finding.level === 'error') this.errors++;
    if (this.listed.length < listedFindings) this.listed.push(finding);
    else this.omitted++;
  }
}

function general(level: CheckFinding['level'], reason: string, text: string): CheckFinding {
  return { level, reason, documentId: null, documentTitle: null, path: null, text };
}

function fromException(exception: Exception): CheckFinding {
  const { reason, documentId, documentTitle, path, role, detail } = exception;
  return { level: 'error', reason, documentId, documentTitle, path, text: `${role}: ${detail}` };
}
