// Checks of the streams: references, the catalogue of documents, and findings in rows.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileReference } from '../adapter.ts';
import {
  CatalogueDocumentSchema,
  ExternalSchema,
  FileReferenceSchema,
  RowFindingSchema,
} from '../adapter-schema.ts';
import { compareIds } from '../diff/document-order.ts';
import type { Gathered } from './gather.ts';
import { assertShape, pathProblem } from './shape.ts';

export function checkReferences({ references, instance, documents, paths }: Gathered): void {
  const roots = new Set(instance.roots.map(({ name }) => name));
  const ids = new Set(documents.map(({ id }) => id));
  const dropped = new Map(
    paths.filter(({ rule }) => !rule.keep).map(({ root, path }) => [`${root}/${path}`, path]),
  );
  const seen = new Map<string, FileReference>();
  for (const reference of references) {
    assertShape(FileReferenceSchema, reference, 'references');
    const place = `${reference.root}/${reference.path}`;
    const where = `reference '${place}'`;
    assert.ok(roots.has(reference.root), `${where}: \`configure\` has no root '${reference.root}'`);
    const problem = pathProblem(reference.path);
    assert.equal(
      problem,
      null,
      `${where}: ${problem}; give a path below the root that cannot exist for such rows`,
    );
    assert.notEqual(reference.role, '', `${where} must have a role`);
    assert.ok(
      !dropped.has(place),
      `${where} is needed by a row, but \`classify\` leaves the path out`,
    );
    if (reference.documentId !== null) {
      assert.ok(
        ids.has(reference.documentId),
        `${where} belongs to document '${reference.documentId}', which is not in the catalogue`,
      );
    }
    if (reference.checksum !== null) {
      const length = reference.checksum.algorithm === 'md5' ? 32 : 64;
      assert.match(
        reference.checksum.value,
        /^[0-9a-f]+$/,
        `${where}: checksums are lower-case hex`,
      );
      assert.equal(
        reference.checksum.value.length,
        length,
        `${where}: a ${reference.checksum.algorithm} checksum has ${length} digits`,
      );
    }
    const same = seen.get(place);
    if (same !== undefined) {
      assert.deepEqual(
        [same.checksum, same.sizeBytes],
        [reference.checksum, reference.sizeBytes],
        `two references to '${place}' disagree about its content`,
      );
      assert.notDeepEqual(same, reference, `${where} is returned twice`);
    }
    seen.set(place, reference);
  }
}

/** The files of a sound sample are there and are what the references say. */
export function checkFiles({ references, instance, sample }: Gathered): void {
  if (sample.broken === undefined) return;
  const broken = new Set(sample.broken);
  for (const { root, path, class: kind, checksum, sizeBytes } of references) {
    const place = `${root}/${path}`;
    if (kind !== 'essential' || broken.has(place)) continue;
    const directory = instance.roots.find(({ name }) => name === root)?.directory ?? '';
    const file = join(directory, path);
    assert.ok(
      existsSync(file),
      `reference '${place}': there is no such file; the path is not what the application uses`,
    );
    const content = readFileSync(file);
    if (sizeBytes !== null)
      assert.equal(content.length, sizeBytes, `reference '${place}' states another size`);
    if (checksum === null) continue;
    assert.equal(
      createHash(checksum.algorithm).update(content).digest('hex'),
      checksum.value,
      `reference '${place}' states another ${checksum.algorithm} checksum than the file has`,
    );
  }
}

export function checkDocuments({ documents, references, sample, instance }: Gathered): void {
  const roots = new Set(instance.roots.map(({ name }) => name));
  const needed = new Set(references.map(({ root, path }) => `${root}/${path}`));
  let last: string | null = null;
  for (const document of documents) {
    assertShape(CatalogueDocumentSchema, document, 'documents');
    if (last !== null) {
      assert.ok(
        compareIds(last, document.id) < 0,
        `\`documents\` is not ordered by id: '${document.id}' comes after '${last}'; numbers count as numbers, other ids as text`,
      );
    }
    last = document.id;
    const where = `document '${document.id}'`;
    assert.ok(
      document.documentVersions.length > 0,
      `${where} has no version: the current state is one, too`,
    );
    assert.ok(!document.folder.includes(''), `${where} has a folder without a name`);
    for (const { id, files } of document.documentVersions) {
      for (const { root, path } of files) {
        assert.ok(
          roots.has(root),
          `${where}, version '${id}': \`configure\` has no root '${root}'`,
        );
        assert.equal(
          pathProblem(path),
          null,
          `${where}, version '${id}': '${path}': ${pathProblem(path)}`,
        );
        assert.ok(
          needed.has(`${root}/${path}`),
          `${where}, version '${id}': '${path}' is not among the references`,
        );
      }
    }
  }
  if (sample.documents !== undefined) {
    assert.equal(
      documents.length,
      sample.documents,
      '`documents` returns another number of documents than the sample has',
    );
  }
}

export function checkExternals({ externals }: Gathered): void {
  for (const external of externals) {
    assertShape(ExternalSchema, external, 'externals');
    assert.notEqual(external.name, '', 'an external thing must have a name');
    assert.notEqual(external.reason, '', `'${external.name}': say what needs it`);
  }
}

export function checkFindings({ findings, documents }: Gathered): void {
  const ids = new Set(documents.map(({ id }) => id));
  for (const finding of findings) {
    assertShape(RowFindingSchema, finding, 'inspectRows');
    assert.notEqual(finding.text, '', `finding '${finding.reason}' must say what is wrong`);
    if (finding.documentId !== null) {
      assert.ok(
        ids.has(finding.documentId),
        `finding '${finding.reason}' is about document '${finding.documentId}', which is not in the catalogue`,
      );
    }
  }
}
