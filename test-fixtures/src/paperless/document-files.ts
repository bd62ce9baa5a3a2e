// Bytes and files of one document: original, PDF/A copy, thumbnail; with the checksums that the row records.
// Layout and checksum rules: paperless-ngx 2.20.15 / 3.0.5, fact sheet section 4.

import { createHash } from 'node:crypto';

import { writePdf } from '../content/pdf.ts';
import { writePng } from '../content/png.ts';
import { writeWebp } from '../content/webp.ts';
import { makeMessage } from '../content/words.ts';
import type { FileWriter } from '../file-writer.ts';
import { createRandom } from '../random.ts';
import type { DocumentPlan } from './document-plan.ts';
import { MIME_TYPES, plainName } from './document-plan.ts';
import type { SampleDocument, SampleFile } from './sample-instance.ts';

export interface DocumentFilesContext {
  /** Paths are relative to the media root. */
  media: FileWriter;
  isThree: boolean;
  seed: number;
  scanBytes: number;
}

const PICTURE_SIDE = 24;

/** Writes the files of a document and returns what the rows and the tests need. */
export function writeDocumentFiles(
  context: DocumentFilesContext,
  plan: DocumentPlan,
): SampleDocument {
  const isGpg = plan.traits.includes('gpg');
  const algorithm = context.isThree && !plan.traits.includes('md5') ? 'sha256' : 'md5';
  const bytes = originalBytes(context, plan);
  const original = describeFile(`documents/originals/${plan.nameOnDisk}`, bytes, algorithm);
  if (isGpg) {
    const encrypted = encryptedStandIn(context.seed, plan.id, bytes.length);
    original.sizeBytes = encrypted.length;
    original.sha256 = hash('sha256', encrypted);
    context.media.write(original.path, encrypted);
  } else {
    context.media.write(original.path, bytes);
  }
  let pdfaCopy: SampleFile | null = null;
  if (plan.pdfaName !== null) {
    const copy = writePdf({ title: plan.title, lines: ['PDF/A', ...plan.text.split('\n')] });
    pdfaCopy = describeFile(`documents/archive/${plan.pdfaName}`, copy, algorithm);
    context.media.write(pdfaCopy.path, copy);
  }
  const thumbnailPath = `documents/thumbnails/${plainName(plan.id, isGpg ? 'webp.gpg' : 'webp')}`;
  if (plan.hasThumbnail) {
    const picture = writeWebp(colourOf(plan.id, context.seed));
    context.media.write(
      thumbnailPath,
      isGpg ? encryptedStandIn(context.seed, -plan.id, picture.length) : picture,
    );
  }
  return {
    id: plan.id,
    title: plan.title,
    mimeType: MIME_TYPES[plan.kind],
    created: plan.created,
    modified: plan.modified,
    trashed: plan.trashedAt !== null,
    storageType: isGpg ? 'gpg' : 'unencrypted',
    filename: plan.filename,
    original,
    pdfaCopy,
    thumbnailPath,
    thumbnailExists: plan.hasThumbnail,
    rootDocumentId: plan.rootDocumentId,
    versionIndex: plan.versionIndex,
  };
}

/** The original as it was uploaded; the same for the same plan, so it can be made again. */
export function originalBytes(
  context: Pick<DocumentFilesContext, 'seed' | 'scanBytes'>,
  plan: DocumentPlan,
): Buffer {
  if (plan.isZeroBytes) return Buffer.alloc(0);
  const random = createRandom(`bytes ${context.seed} ${plan.sameBytesAs ?? plan.id}`);
  switch (plan.kind) {
    case 'pdf': {
      const scanBytes = context.scanBytes - (context.scanBytes % 16);
      const number = `No. ${random.hex(16)}`;
      const isDouble = plan.traits.includes('equalChecksums');
      return writePdf({
        title: plan.title,
        lines: isDouble ? [number] : [number, ...plan.text.split('\n')],
        scan: scanBytes > 0 ? random.bytes(scanBytes) : undefined,
      });
    }
    case 'png':
      return writePng(PICTURE_SIDE, PICTURE_SIDE, random.bytes(PICTURE_SIDE * PICTURE_SIDE * 3));
    case 'txt':
      return Buffer.from(`${plan.title}\r\n${plan.text}\n`, 'utf8');
    case 'eml':
      return makeMessage(plan.title, plan.text);
  }
}

/** Starts like a symmetric OpenPGP message; nothing can decrypt it, and no test needs to. */
function encryptedStandIn(seed: number, id: number, length: number): Buffer {
  return Buffer.concat([
    Buffer.from('8c0d0409', 'hex'),
    createRandom(`gpg ${seed} ${id}`).bytes(length + 60),
  ]);
}

/** An odd factor keeps the colours of different ids apart, modulo 2^24. */
function colourOf(id: number, seed: number): number {
  return (id * 0x9e_37_79 + seed) & 0xff_ff_ff;
}

function describeFile(path: string, bytes: Buffer, algorithm: 'md5' | 'sha256'): SampleFile {
  const sha256 = hash('sha256', bytes);
  return {
    path,
    sizeBytes: bytes.length,
    checksum: algorithm === 'md5' ? hash('md5', bytes) : sha256,
    sha256,
  };
}

function hash(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
