// Decides what every document of a sample instance is: names, dates, traits, links to other rows. Writes nothing.
// Rules of names and checksums: paperless-ngx 2.20.15 / 3.0.5, fact sheet section 4.

import type { AppVersion } from '../data/paperless-facts.ts';
import { makeText, makeTitle } from '../content/words.ts';
import { createRandom, randomDay, randomMoment } from '../random.ts';
import type { Random } from '../random.ts';
import { CORRESPONDENTS, DOCUMENT_TYPE_COUNT, TAGS } from './classification.ts';
import { userIds } from './people.ts';
import type { SpecialDocuments } from './sample-instance.ts';
import { specialDocuments } from './special-documents.ts';

export type DocumentKind = 'pdf' | 'png' | 'txt' | 'eml';

export const MIME_TYPES: Record<DocumentKind, string> = {
  pdf: 'application/pdf',
  png: 'image/png',
  txt: 'text/plain',
  eml: 'message/rfc822',
};

export interface DocumentPlan {
  id: number;
  kind: DocumentKind;
  title: string;
  text: string;
  created: string;
  modified: string;
  added: string;
  /** Column `filename`. */
  filename: string | null;
  /** Below `documents/originals/`. */
  nameOnDisk: string;
  /** Below `documents/archive/`, and column `archive_filename`. */
  pdfaName: string | null;
  serialNumber: number | null;
  correspondentId: number | null;
  documentTypeId: number | null;
  storagePathId: number | null;
  ownerId: number | null;
  tagIds: number[];
  trashedAt: string | null;
  transactionId: string | null;
  rootDocumentId: number | null;
  versionIndex: number | null;
  versionLabel: string | null;
  hasThumbnail: boolean;
  isZeroBytes: boolean;
  /** Bytes are those of another document. */
  sameBytesAs: number | null;
  traits: (keyof SpecialDocuments)[];
}

/** After so many ordinary documents one id is skipped: real instances have gaps. */
const GAP_EVERY = 29;
const LATE_COUNT = 2;
/** Fewer, and the late documents would be special ones that other rows refer to. */
export const LEAST_FOR_LATE = 40;

/**
 * `count` plans in order of their ids: first the special ones, as many as fit, then ordinary ones; the last are late. With
 * `collated` no two names differ in accents or case alone: MariaDB holds such names for equal and wants them unique.
 */
export function planDocuments(
  appVersion: AppVersion,
  count: number,
  seed: number,
  collated = false,
): DocumentPlan[] {
  const specials = specialDocuments(appVersion).map((special) =>
    collated && special.traits.includes('unicodeForms') ? withoutTwin(special) : special,
  );
  const plans: DocumentPlan[] = [];
  for (let index = 0; index < count; index++) {
    const special = specials[index];
    const id = index + 1 + Math.floor(Math.max(0, index - specials.length) / GAP_EVERY);
    const plan = ordinaryDocument(appVersion, id, createRandom(`document ${seed} ${id}`));
    if (special)
      Object.assign(plan, special, {
        nameOnDisk: special.filename ?? special.nameOnDisk ?? plan.nameOnDisk,
      });
    if (count >= LEAST_FOR_LATE && index >= count - LATE_COUNT)
      plan.traits = [...plan.traits, 'late'];
    plans.push(plan);
  }
  return plans;
}

/** Keeps the odd Unicode form in title and name, and makes the name one of its own. */
function withoutTwin<Special extends Partial<DocumentPlan>>(special: Special): Special {
  const form = special.title?.normalize('NFD') === special.title ? 'NFD' : 'NFC';
  const rename = (name: string | null | undefined): string | null =>
    name?.replace('.pdf', ` ${form}.pdf`) ?? null;
  return { ...special, filename: rename(special.filename), pdfaName: rename(special.pdfaName) };
}

/** The ids of the documents with each trait. */
export function findSpecialDocuments(plans: readonly DocumentPlan[]): SpecialDocuments {
  const withTrait = (trait: keyof SpecialDocuments): number[] =>
    plans.filter((plan) => plan.traits.includes(trait)).map((plan) => plan.id);
  return {
    trashed: withTrait('trashed'),
    missingThumbnail: withTrait('missingThumbnail'),
    equalTitles: withTrait('equalTitles'),
    unicodeForms: withTrait('unicodeForms'),
    leadingDot: withTrait('leadingDot'),
    nullFilename: withTrait('nullFilename'),
    emptyContent: withTrait('emptyContent'),
    zeroBytes: withTrait('zeroBytes'),
    longPath: withTrait('longPath'),
    awkwardText: withTrait('awkwardText'),
    gpg: withTrait('gpg'),
    md5: withTrait('md5'),
    documentVersions: withTrait('documentVersions'),
    equalChecksums: withTrait('equalChecksums'),
    late: withTrait('late'),
  };
}

/** The name that the application gives when no storage path applies. */
export function plainName(id: number, extension: string): string {
  return `${id.toString().padStart(7, '0')}.${extension}`;
}

function ordinaryDocument(appVersion: AppVersion, id: number, random: Random): DocumentPlan {
  const kind = pickKind(random);
  const title = makeTitle(random, id);
  const created = randomDay(random);
  const correspondentId = random.chance(0.8) ? random.integer(1, CORRESPONDENTS.length) : null;
  const folder = CORRESPONDENTS[(correspondentId ?? 0) - 1] ?? 'ohne Absender';
  const usesPath = random.chance(0.5);
  const filename = usesPath
    ? `${created.slice(0, 4)}/${folder}/${title}.${kind}`
    : plainName(id, kind);
  const hasPdfa = random.chance({ pdf: 0.6, png: 1, txt: 0.2, eml: 0.9 }[kind]);
  const { admin, anna, juergen } = userIds(appVersion);
  return {
    id,
    kind,
    title,
    text: makeText(random, title),
    created,
    modified: randomMoment(random),
    added: randomMoment(random),
    filename,
    nameOnDisk: filename,
    pdfaName: hasPdfa ? filename.replace(/\.\w+$/, '.pdf') : null,
    serialNumber: random.chance(0.2) ? 1_000 + id : null,
    correspondentId,
    documentTypeId: random.chance(0.6) ? random.integer(1, DOCUMENT_TYPE_COUNT) : null,
    storagePathId: usesPath ? 1 : null,
    ownerId: random.pick([admin, anna, juergen, null]),
    tagIds: TAGS.map((_, index) => index + 1).filter(
      (tagId) => tagId < TAGS.length && random.chance(0.2),
    ),
    trashedAt: null,
    transactionId: null,
    rootDocumentId: null,
    versionIndex: null,
    versionLabel: null,
    hasThumbnail: true,
    isZeroBytes: false,
    sameBytesAs: null,
    traits: [],
  };
}

function pickKind(random: Random): DocumentKind {
  const number = random.integer(0, 99);
  if (number < 70) return 'pdf';
  if (number < 82) return 'png';
  return number < 92 ? 'txt' : 'eml';
}
