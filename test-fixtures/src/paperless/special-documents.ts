// The documents that a backup tool gets wrong: the traps of the fact sheet (paperless-ngx 2.20.15 / 3.0.5, section 9),
// most important first, because a small instance has only the first ones. Position is id: the first one has id 1.

import { AWKWARD_TEXT } from '../content/words.ts';
import type { AppVersion } from '../data/paperless-facts.ts';
import type { DocumentPlan } from './document-plan.ts';

type Special = Partial<DocumentPlan> & Pick<DocumentPlan, 'kind' | 'filename' | 'traits'>;

/** What was deleted together has one transaction id; restoring from the trash needs it. */
export const TRASH_TRANSACTION = '8f0c2d4e6a1b43c59d7e0f1a2b3c4d5e';
export const TRASHED_AT = '2026-10-20 18:30:00.654321';

const EQUAL = {
  title: 'Rechnung Strom',
  created: '2021-02-03',
  correspondentId: 1,
  storagePathId: 1,
} as const;

const VERSIONED = {
  kind: 'pdf',
  storagePathId: 1,
  correspondentId: 2,
  created: '2024-03-01',
} as const;

/** The special documents that the version can have. */
export function specialDocuments(appVersion: AppVersion): Special[] {
  return [...common(appVersion), ...(appVersion === '3.0.5' ? onlyThree() : onlyTwo())];
}

function common(appVersion: AppVersion): Special[] {
  const isThree = appVersion === '3.0.5';
  return [
    {
      ...EQUAL,
      kind: 'pdf',
      filename: '2021/Stadtwerke Köln/Rechnung Strom.pdf',
      pdfaName: '2021/Stadtwerke Köln/Rechnung Strom.pdf',
      serialNumber: 100,
      tagIds: [1, 2, 3, 4],
      traits: ['equalTitles'],
    },
    {
      title: 'Im Papierkorb',
      kind: 'pdf',
      filename: '0000002.pdf',
      pdfaName: '0000002.pdf',
      serialNumber: 101,
      trashedAt: TRASHED_AT,
      transactionId: TRASH_TRANSACTION,
      traits: ['trashed'],
    },
    {
      title: 'Vorschau fehlt',
      kind: 'pdf',
      filename: '0000003.pdf',
      pdfaName: null,
      hasThumbnail: false,
      traits: ['missingThumbnail'],
    },
    {
      ...EQUAL,
      kind: 'png',
      filename: '2021/Stadtwerke Köln/Rechnung Strom.png',
      pdfaName: '2021/Stadtwerke Köln/Rechnung Strom_01.pdf',
      traits: ['equalTitles'],
    },
    {
      title: 'Müll & Köche'.normalize('NFD'),
      kind: 'pdf',
      filename: 'Ärzte und Köche/Überweisung für Jürgen.pdf'.normalize('NFD'),
      pdfaName: 'Ärzte und Köche/Überweisung für Jürgen.pdf'.normalize('NFD'),
      traits: ['unicodeForms'],
    },
    {
      title: 'Müll & Köche'.normalize('NFC'),
      kind: 'pdf',
      filename: 'Ärzte und Köche/Überweisung für Jürgen.pdf'.normalize('NFC'),
      pdfaName: 'Ärzte und Köche/Überweisung für Jürgen.pdf'.normalize('NFC'),
      traits: ['unicodeForms'],
    },
    {
      kind: 'pdf',
      filename: '.2021/deep/er/and/deeper/.Vertrag.pdf',
      pdfaName: null,
      traits: ['leadingDot'],
    },
    {
      title: 'Sehr alt',
      kind: 'pdf',
      filename: null,
      nameOnDisk: '0000008.pdf',
      pdfaName: null,
      traits: ['nullFilename'],
    },
    {
      title: 'Sehr altes Bild',
      kind: 'png',
      filename: null,
      nameOnDisk: '0000009.png',
      pdfaName: '0000009.pdf',
      // The 3.0 migration to SHA-256 leaves exactly such rows alone.
      traits: isThree ? ['nullFilename', 'md5'] : ['nullFilename'],
    },
    { kind: 'png', text: '', filename: '0000010.png', pdfaName: null, traits: ['emptyContent'] },
    {
      kind: 'txt',
      text: '',
      filename: '0000011.txt',
      pdfaName: null,
      isZeroBytes: true,
      traits: ['zeroBytes', 'emptyContent'],
    },
    {
      title: 'Sonderzeichen: \\N, \'quote\', "double" 😀',
      text: AWKWARD_TEXT,
      kind: 'txt',
      filename: "Büro & Co. (alt)/A & B (50 %) #1 [x]{y} ~!$'+,;=@ ´ 📄.txt",
      pdfaName: "Büro & Co. (alt)/A & B (50 %) #1 [x]{y} ~!$'+,;=@ ´ 📄.pdf",
      traits: ['awkwardText'],
    },
    {
      title: 'x'.repeat(128),
      kind: 'pdf',
      filename: `lang/${'Verzeichnis mit langem Namen '.repeat(4)}ende/${'x'.repeat(160)}.pdf`,
      pdfaName: null,
      traits: ['longPath'],
    },
  ];
}

function onlyTwo(): Special[] {
  return [
    {
      title: 'Verschlüsselt',
      kind: 'pdf',
      filename: '0000014.pdf.gpg',
      pdfaName: null,
      traits: ['gpg'],
    },
  ];
}

function onlyThree(): Special[] {
  const folder = '2024/Ärzte & Co';
  const trash = { trashedAt: TRASHED_AT, transactionId: TRASH_TRANSACTION };
  return [
    {
      ...VERSIONED,
      title: 'Mietvertrag',
      filename: `${folder}/Mietvertrag.pdf`,
      pdfaName: `${folder}/Mietvertrag.pdf`,
      traits: ['documentVersions'],
    },
    {
      ...VERSIONED,
      title: 'Mietvertrag',
      filename: `${folder}/Mietvertrag_v1.pdf`,
      pdfaName: `${folder}/Mietvertrag_v1.pdf`,
      rootDocumentId: 14,
      versionIndex: 1,
      versionLabel: 'unterschrieben',
      traits: ['documentVersions'],
    },
    {
      ...VERSIONED,
      title: 'Mietvertrag',
      filename: `${folder}/Mietvertrag_v2.pdf`,
      pdfaName: null,
      rootDocumentId: 14,
      versionIndex: 2,
      traits: ['documentVersions'],
    },
    {
      title: 'Doppelt',
      kind: 'pdf',
      filename: '0000017.pdf',
      pdfaName: null,
      traits: ['equalChecksums'],
    },
    {
      title: 'Doppelt',
      kind: 'pdf',
      filename: `${folder}/Doppelt copy.pdf`,
      pdfaName: null,
      sameBytesAs: 17,
      traits: ['equalChecksums'],
    },
    {
      title: 'Alt mit Version',
      kind: 'pdf',
      filename: '0000019.pdf',
      pdfaName: null,
      ...trash,
      traits: ['trashed'],
    },
    {
      title: 'Alt mit Version',
      kind: 'pdf',
      filename: '0000019_v1.pdf',
      pdfaName: '0000019_v1.pdf',
      rootDocumentId: 19,
      versionIndex: 1,
      ...trash,
      traits: ['trashed'],
    },
  ];
}
