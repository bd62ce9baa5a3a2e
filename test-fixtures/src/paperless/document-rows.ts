// Rows of documents and of what hangs on them: tags, notes, custom field values, share links, bundles, permissions.

import type { Random } from '../random.ts';
import { createRandom, randomMoment } from '../random.ts';
import { FIELDS, writeTag, TAGS } from './classification.ts';
import type { DocumentPlan } from './document-plan.ts';
import { MIME_TYPES } from './document-plan.ts';
import { userIds } from './people.ts';
import type { Row, RowWriter } from './row-writer.ts';
import type { SampleBundle, SampleDocument } from './sample-instance.ts';
import { TRASH_TRANSACTION, TRASHED_AT } from './special-documents.ts';

/** One document and its tags. */
export function writeDocumentRows(
  writer: RowWriter,
  plan: DocumentPlan,
  document: SampleDocument,
): void {
  writer.insert('documents_document', {
    id: plan.id,
    title: plan.title,
    content: plan.text,
    mime_type: MIME_TYPES[plan.kind],
    checksum: document.original.checksum,
    archive_checksum: document.pdfaCopy?.checksum ?? null,
    page_count: plan.kind === 'pdf' ? 1 : null,
    created: plan.created,
    modified: plan.modified,
    added: plan.added,
    filename: plan.filename,
    archive_filename: plan.pdfaName,
    original_filename: plan.serialNumber === null ? null : `scan ${plan.id}.${plan.kind}`,
    archive_serial_number: plan.serialNumber,
    correspondent_id: plan.correspondentId,
    document_type_id: plan.documentTypeId,
    storage_path_id: plan.storagePathId,
    owner_id: plan.ownerId,
    deleted_at: plan.trashedAt,
    transaction_id: plan.transactionId,
    storage_type: document.storageType,
    root_document_id: plan.rootDocumentId,
    version_index: plan.versionIndex,
    version_label: plan.versionLabel,
  });
  for (const tag_id of plan.tagIds)
    writer.insert('documents_document_tags', { document_id: plan.id, tag_id });
}

/** Every third document has a value, every seventh a note; the first ones have one of each kind. */
export function writeDetails(
  writer: RowWriter,
  plans: readonly DocumentPlan[],
  seed: number,
): void {
  const { admin, anna } = userIds(writer.appVersion);
  const trashed = { deleted_at: TRASHED_AT, transaction_id: TRASH_TRANSACTION };
  writer.insert('documents_note', {
    note: 'Notiz mit\nZeile, \\N, Tab\t und 😀',
    document_id: 1,
    user_id: admin,
  });
  writer.insert('documents_note', {
    note: 'im Papierkorb',
    document_id: 2,
    user_id: anna,
    ...trashed,
  });
  writer.insert('documents_note', { note: 'ohne Benutzer', document_id: 3 });
  writer.insert('documents_note', {
    note: 'gelöscht',
    document_id: 1,
    user_id: admin,
    deleted_at: TRASHED_AT,
  });
  for (const row of firstValues()) writer.insert('documents_customfieldinstance', row);
  writer.insert('documents_customfieldinstance', {
    document_id: 2,
    field_id: FIELDS.amount,
    value_monetary: 'EUR0.01',
    ...trashed,
  });
  for (const plan of plans) {
    const random = createRandom(`details ${seed} ${plan.id}`);
    if (plan.id > 5 && plan.id % 3 === 0) {
      const value_monetary = `EUR${random.integer(-9_999, 99_999)}.${random.integer(10, 99)}`;
      const created = randomMoment(random);
      writer.insert('documents_customfieldinstance', {
        document_id: plan.id,
        field_id: FIELDS.amount,
        value_monetary,
        created,
      });
    }
    if (plan.id > 5 && plan.id % 7 === 0) {
      const note = `Notiz zu ${plan.title}`;
      writer.insert('documents_note', {
        note,
        document_id: plan.id,
        created: randomMoment(random),
      });
    }
  }
}

function firstValues(): Row[] {
  const values: Row[] = [
    { field_id: FIELDS.amount, value_monetary: 'EUR12.50' },
    { field_id: FIELDS.links, value_document_ids: '[2, 3]' },
    { field_id: FIELDS.status, value_select: 'aB3xYz9Q' },
    { field_id: FIELDS.text, value_text: 'ß\\N' },
    { field_id: FIELDS.due, value_date: '2026-12-31' },
    { field_id: FIELDS.count, value_int: -2_147_483_648 },
    { field_id: FIELDS.ratio, value_float: 0.1 },
    { field_id: FIELDS.paid, value_bool: false },
    { field_id: FIELDS.url, value_url: 'https://example.org/?a=1&b=ä' },
    { field_id: FIELDS.long, value_long_text: 'lang\n'.repeat(50) },
  ];
  return [
    ...values.map((row) => ({ ...row, document_id: 1 })),
    { document_id: 3, field_id: FIELDS.amount, value_monetary: 'USD-1234.56' },
    { document_id: 4, field_id: FIELDS.amount, value_monetary: '99' },
    { document_id: 5, field_id: FIELDS.amount, value_monetary: null },
    { document_id: 3, field_id: FIELDS.ratio, value_float: 1e300 },
  ];
}

/** Share links, 3.0.5 bundles (the ZIP lies at `bundlePath`), object permissions. Returns secrets and bundles. */
export function writeSharing(
  writer: RowWriter,
  random: Random,
  contentTypes: readonly string[],
): { secrets: Record<string, string>; bundles: SampleBundle[] } {
  const { admin, anna } = userIds(writer.appVersion);
  const secrets = { shareSlug: `sample${random.hex(30)}` };
  writer.insertAll('documents_sharelink', [
    { slug: secrets.shareSlug, file_version: 'original', document_id: 1, owner_id: admin },
    {
      slug: random.hex(40),
      file_version: 'archive',
      document_id: 2,
      expiration: randomMoment(random),
      deleted_at: TRASHED_AT,
      transaction_id: TRASH_TRANSACTION,
    },
  ]);
  const documentType = contentTypes.indexOf('documents.document') + 1;
  const permission = (documentType - 1) * 4 + 4; // the fourth permission of a type is `view`
  const grant = { content_type_id: documentType, permission_id: permission };
  writer.insertAll('guardian_userobjectpermission', [
    { ...grant, object_pk: '1', user_id: anna },
    { ...grant, object_pk: '4', user_id: anna },
  ]);
  writer.insertAll('guardian_groupobjectpermission', [{ ...grant, object_pk: '3', group_id: 1 }]);
  return { secrets, bundles: writer.isThree ? planBundles(random) : [] };
}

function planBundles(random: Random): SampleBundle[] {
  // The slug is also the name of a file, so it is not among the secrets that nothing may show.
  const slug = `bundle${random.hex(10)}`;
  return [
    { slug, status: 'ready', path: `documents/share_link_bundles/${slug}.zip` },
    { slug: `failed${random.hex(10)}`, status: 'failed', path: null },
  ];
}

/** Documents that {@link writeBundles} puts into the first bundle. */
export const BUNDLED_DOCUMENTS = [1, 4];

export function writeBundles(
  writer: RowWriter,
  bundles: readonly SampleBundle[],
  sizeBytes: number,
): void {
  for (const [index, bundle] of bundles.entries()) {
    const isReady = bundle.status === 'ready';
    const id = index + 1;
    writer.insert('documents_sharelinkbundle', {
      id,
      slug: bundle.slug,
      file_version: 'original',
      status: bundle.status,
      size_bytes: isReady ? sizeBytes : null,
      file_path: isReady ? `${bundle.slug}.zip` : '',
      built_at: isReady ? TRASHED_AT : null,
      last_error: isReady ? null : '{"message": "disk full"}',
    });
    for (const document_id of isReady ? BUNDLED_DOCUMENTS : [5]) {
      writer.insert('documents_sharelinkbundle_documents', { sharelinkbundle_id: id, document_id });
    }
  }
}

/** What the application did last: a tag, its use on the last document, a note. Documents are written by the caller. */
export function writeLateRows(writer: RowWriter, documentId: number): void {
  writeTag(writer, TAGS.length);
  writer.insert('documents_document_tags', { document_id: documentId, tag_id: TAGS.length });
  writer.insert('documents_note', { note: 'eben erst geschrieben', document_id: documentId });
}
