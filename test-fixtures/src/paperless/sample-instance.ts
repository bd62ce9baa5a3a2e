// What a test asks for and what it gets back: options and description of a built paperless-ngx instance.
// Paths of files are relative to the media root unless they are called absolute; lists of ids refer to documents.

import type { AppVersion } from '../data/paperless-facts.ts';

export interface SampleOptions {
  appVersion: AppVersion;
  /** Rows of documents_document, trashed ones and document versions included. Default 200, at least 5. */
  documents?: number;
  /** Same seed and options, same bytes, times and modes. Default 1. */
  seed?: number;
  /** Default as the product leaves it: `delete` for 2.20.15, `wal` for 3.0.5. */
  journalMode?: 'delete' | 'wal';
  /** The last rows (see {@link SpecialDocuments.late}) are only in `db.sqlite3-wal`. Needs `wal` and 40 documents. */
  uncheckpointed?: boolean;
  /** Adds files that no row names (orphans, NAS and sync droppings, the product's trash directory). Default false. */
  traps?: boolean;
  /** Size of a pseudo-random picture in every PDF original, for benchmarks. Default 0: no picture. */
  scanBytes?: number;
}

/** What a server instance takes; its database is never one of two files, so the rest of {@link SampleOptions} is about SQLite. */
export type ServerSampleOptions = Omit<SampleOptions, 'journalMode' | 'uncheckpointed'>;

/** An existing, empty database, and who may fill it. */
export interface SampleServer {
  engine: 'postgres' | 'mariadb';
  host: string;
  port: number;
  user: string;
  password?: string;
  database: string;
}

export interface SampleDocument {
  id: number;
  title: string;
  mimeType: string;
  /** `YYYY-MM-DD`. */
  created: string;
  /** UTC, as stored: `YYYY-MM-DD HH:MM:SS.ffffff`. */
  modified: string;
  trashed: boolean;
  storageType: 'unencrypted' | 'gpg';
  /** Column `filename`; null in very old rows, where the name on disk follows from id and type. */
  filename: string | null;
  original: SampleFile;
  /** The product's PDF/A copy, below `documents/archive/`. */
  pdfaCopy: SampleFile | null;
  thumbnailPath: string;
  /** False for the documents of {@link SpecialDocuments.missingThumbnail}. */
  thumbnailExists: boolean;
  rootDocumentId: number | null;
  versionIndex: number | null;
}

export interface SampleFile {
  path: string;
  sizeBytes: number;
  /** As recorded in the row: MD5 or SHA-256 in lower-case hex; for gpg rows of the plaintext, not of the file. */
  checksum: string;
  sha256: string;
}

/** Ids by trait; a list is empty where the version or a small number of documents has none. */
export interface SpecialDocuments {
  trashed: number[];
  missingThumbnail: number[];
  /** Same title, day and correspondent, other type. */
  equalTitles: number[];
  /** Names that differ only in Unicode form: first NFD, then NFC. */
  unicodeForms: number[];
  leadingDot: number[];
  nullFilename: number[];
  emptyContent: number[];
  zeroBytes: number[];
  /** Relative path of more than 255 bytes. */
  longPath: number[];
  awkwardText: number[];
  /** 2.20.15: file is encrypted, checksum is that of the plaintext. */
  gpg: number[];
  /** 3.0.5: a row that kept its MD5 among SHA-256 rows. */
  md5: number[];
  /** 3.0.5: root first, then its document versions. */
  documentVersions: number[];
  equalChecksums: number[];
  /** The last documents, in instances of 40 or more; with `uncheckpointed` they are only in the write-ahead log. */
  late: number[];
}

export interface SampleBundle {
  slug: string;
  status: 'ready' | 'failed';
  path: string | null;
}

export interface SampleInstance {
  appVersion: AppVersion;
  journalMode: 'delete' | 'wal';
  uncheckpointed: boolean;
  directory: string;
  dataDirectory: string;
  mediaDirectory: string;
  configDirectory: string;
  /** `data/db.sqlite3`, absolute. */
  databasePath: string;
  /** `config/paperless.conf`, absolute. */
  configPath: string;
  composePath: string;
  environmentPath: string;
  rowCounts: Record<string, number>;
  /** Applied migrations by Django app. */
  migrations: Record<string, string[]>;
  documents: SampleDocument[];
  special: SpecialDocuments;
  bundles: SampleBundle[];
  logoPath: string;
  /** By name; no output of a tool may show one of the values. */
  secrets: Record<string, string>;
  /** Files below the media root that no row names; empty without `traps`. */
  orphanPaths: string[];
  junkPaths: string[];
}

/** The same instance with its database on a server. */
export interface ServerSampleInstance extends Omit<
  SampleInstance,
  'journalMode' | 'uncheckpointed' | 'databasePath'
> {
  server: SampleServer;
}
