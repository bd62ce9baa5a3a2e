// `check`: finds what is wrong in a live installation, and nothing that is not.

import {
  appendFileSync,
  chmodSync,
  existsSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { flipBit } from '@dms-backup/test-fixtures';
import type { SampleInstance } from '@dms-backup/test-fixtures';
import { beforeAll, describe, expect, test, vi } from 'vitest';

import {
  bytesOf,
  createBench,
  expectNoTrace,
  flagsOf,
  lastJson,
  told,
  unprivileged,
} from './bench.ts';
import type { Place, RunOptions } from './bench.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const bench = createBench('check');

interface Finding {
  level: 'error' | 'warning' | 'info';
  reason: string;
  documentId: string | null;
  documentTitle: string | null;
  path: string | null;
  text: string;
}

interface Checked {
  exitCode: number;
  documents: number;
  documentsComplete: number;
  findings: Finding[];
}

const instances = new Map<string, SampleInstance>();

beforeAll(() => {
  for (const appVersion of ['2.20.15', '3.0.5'] as const) {
    const instance = bench.build({ appVersion, documents: 42 });
    // The fixture lacks some thumbnails on purpose; here everything is to be in order.
    for (const { thumbnailPath, thumbnailExists } of instance.documents) {
      if (!thumbnailExists)
        writeFileSync(join(instance.mediaDirectory, thumbnailPath), 'a thumbnail');
    }
    instances.set(appVersion, instance);
  }
});

function instanceOf(version: string): SampleInstance {
  const instance = instances.get(version);
  if (!instance) throw new Error(`no instance ${version}`);
  return instance;
}

async function check(place: Place, exit: number, options: RunOptions = {}): Promise<Checked> {
  const before = bytesOf(join(place.dataDirectory, '..'));
  const run = await bench.run(['check', ...flagsOf(place), '--json'], options);
  expect(run.code, told(run)).toBe(exit);
  expectNoTrace(run);
  expect(bytesOf(join(place.dataDirectory, '..')), 'check must change nothing').toEqual(before);
  const result = lastJson<Checked>(run);
  expect(result).toMatchObject({ type: 'result', verb: 'check', exitCode: exit });
  return result;
}

const alarms = ({ findings }: Checked): Finding[] =>
  findings.filter(({ level }) => level !== 'info');

describe.each(['2.20.15', '3.0.5'])('%s', (version) => {
  test('a clean instance: exit 0, no alarm for gpg rows, MD5 rows, bundles, logo, trash, empty or NULL names', async () => {
    const instance = instanceOf(version);
    const result = await check(instance, 0);
    expect(alarms(result)).toEqual([]);
    expect(result.documentsComplete).toBe(result.documents);
    expect(version === '3.0.5' ? instance.special.md5 : instance.special.gpg).toHaveLength(1);
    const human = await bench.done(['check', ...flagsOf(instance)]);
    expect(human.stdout).toContain(`${result.documents} of ${result.documents} documents complete`);
  });

  test('every kind of damage is found and named, and nothing else', async () => {
    const instance = instanceOf(version);
    const place = bench.copy(instance, 'damaged');
    const ordinary = instance.documents.filter(
      ({ id, trashed, rootDocumentId, original, pdfaCopy }) =>
        id > 21 &&
        !trashed &&
        rootDocumentId === null &&
        original.sizeBytes > 20 &&
        pdfaCopy !== null,
    );
    const [gone, changed, cut, grown, copyGone, copyChanged, thumbnail] = ordinary;
    if (
      !gone ||
      !changed ||
      !cut ||
      !grown ||
      !copyGone?.pdfaCopy ||
      !copyChanged?.pdfaCopy ||
      !thumbnail
    )
      throw new Error('the fixture is too small');
    const at = (path: string): string => join(place.mediaDirectory, path);
    rmSync(at(gone.original.path));
    flipBit(at(changed.original.path), 5);
    truncateSync(at(cut.original.path), 3);
    appendFileSync(at(grown.original.path), 'x');
    rmSync(at(copyGone.pdfaCopy.path));
    flipBit(at(copyChanged.pdfaCopy.path), -1);
    rmSync(at(thumbnail.thumbnailPath));
    writeFileSync(at('documents/originals/orphan ä.pdf'), 'orphan');
    writeFileSync(at('documents/thumbnails/0099999.webp'), 'orphan');

    const result = await check(place, 3);
    const expected: [string, string | null, string][] = [
      ['missing', String(gone.id), gone.original.path],
      ['checksum', String(changed.id), changed.original.path],
      ['checksum', String(cut.id), cut.original.path],
      ['checksum', String(grown.id), grown.original.path],
      ['missing', String(copyGone.id), copyGone.pdfaCopy.path],
      ['checksum', String(copyChanged.id), copyChanged.pdfaCopy.path],
      ['missing', String(thumbnail.id), thumbnail.thumbnailPath],
      ['orphan', null, 'documents/originals/orphan ä.pdf'],
      ['orphan', null, 'documents/thumbnails/0099999.webp'],
    ];
    const sort = (rows: (string | null)[][]): string[] =>
      rows.map((row) => row.join(' | ')).toSorted();
    expect(
      sort(alarms(result).map(({ reason, documentId, path }) => [reason, documentId, path])),
    ).toEqual(sort(expected));
    expect(result.documents - result.documentsComplete).toBe(6);
    for (const finding of alarms(result)) {
      expect(finding.level).toBe(finding.reason === 'orphan' ? 'warning' : 'error');
      if (finding.documentId === null) continue;
      expect(finding.documentTitle).toBe(
        instance.documents.find(({ id }) => String(id) === finding.documentId)?.title,
      );
    }
    const human = await bench.run(['check', ...flagsOf(place)]);
    expect(human.code).toBe(3);
    for (const [, , path] of expected) expect(human.stdout + human.stderr).toContain(path);
  });

  test('orphans alone are no error', async () => {
    const place = bench.copy(instanceOf(version), 'orphans');
    writeFileSync(join(place.mediaDirectory, 'documents/archive/orphan.pdf'), 'orphan');
    const result = await check(place, 0);
    expect(alarms(result)).toMatchObject([
      { level: 'warning', reason: 'orphan', path: 'documents/archive/orphan.pdf' },
    ]);
  });
});

test('droppings of file managers, sync and NAS programs raise no alarm', async () => {
  const trapped = bench.build({ appVersion: '3.0.5', documents: 25, traps: true });
  for (const { thumbnailPath, thumbnailExists } of trapped.documents) {
    if (!thumbnailExists) writeFileSync(join(trapped.mediaDirectory, thumbnailPath), 'a thumbnail');
  }
  const result = await check(trapped, 0);
  const named = alarms(result).map(({ path }) => path);
  expect(named.filter((path) => trapped.junkPaths.includes(String(path)))).toEqual([]);
  // The rest of the product's trash is not known to be one without its configuration.
  expect(trapped.orphanPaths).toEqual(expect.arrayContaining(named));
  expect(named).toEqual(
    expect.arrayContaining(['documents/originals/Waise Ä.pdf', 'documents/archive/2019/Waise.pdf']),
  );
});

test.runIf(unprivileged)('a file that may not be read', async () => {
  const instance = instanceOf('3.0.5');
  const place = bench.copy(instance, 'unreadable');
  const document = instance.documents.find(({ id, original }) => id > 21 && original.sizeBytes > 0);
  if (!document) throw new Error('the fixture is too small');
  const path = join(place.mediaDirectory, document.original.path);
  chmodSync(path, 0);
  const run = await bench.run(['check', ...flagsOf(place), '--json'], {
    wrapper: unprivileged ?? [],
  });
  chmodSync(path, 0o644);
  expect(run.code, told(run)).toBe(3);
  expect(alarms(lastJson<Checked>(run))).toMatchObject([
    {
      level: 'error',
      reason: 'unreadable',
      documentId: String(document.id),
      path: document.original.path,
    },
  ]);
});

test('a row that names a PDF/A copy without a checksum, and rows without text', async () => {
  const instance = instanceOf('3.0.5');
  const place = bench.copy(instance, 'rows');
  const document = instance.documents.find(({ id, pdfaCopy }) => id > 21 && pdfaCopy !== null);
  const database = new DatabaseSync(place.databasePath);
  database.function('regexp', { deterministic: true }, (_pattern, _text) => 1);
  database.exec(`UPDATE documents_document SET archive_checksum = NULL WHERE id = ${document?.id}`);
  database.close();
  for (const suffix of ['-wal', '-shm'])
    expect(existsSync(place.databasePath + suffix)).toBe(false);
  const result = await check(place, 3);
  expect(alarms(result)).toMatchObject([
    { level: 'error', reason: 'incomplete-row', documentId: String(document?.id) },
  ]);
  const silent = result.findings
    .filter(({ reason }) => reason === 'no-text')
    .map(({ documentId }) => Number(documentId));
  expect(silent).toEqual(expect.arrayContaining(instance.special.emptyContent));
});

test('a damaged database: named, not an alarm about every document', async () => {
  const place = bench.copy(instanceOf('3.0.5'), 'corrupt');
  flipBit(place.databasePath, 3);
  const run = await bench.run(['check', ...flagsOf(place), '--json']);
  expect(run.code, told(run)).toBe(20);
  expectNoTrace(run);
});
