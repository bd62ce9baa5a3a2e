// zod schemas of what is written into an archive as JSON: manifest, index lines, seal, and their parts. Format version 1.
// The JSON Schemas in docs/schemas are generated from here. A change that an old reader would misunderstand needs a new
// format version; new optional fields of manifest and seal do not (index lines are strict).

import { z } from 'zod';
import { ContentClassSchema, StampSchema } from '../adapter-schema.ts';
import { TableDigestSchema } from '../database/schema.ts';

export const formatVersion = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
const utcTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

/** One thing that exists in the source and is not in the archive, by decision and with the reason. */
export const ExcludedSchema = z.object({
  kind: z.enum(['table', 'file']),
  /** Table name (kind `table`). */
  name: z.string().optional(),
  /** Root and path below it (kind `file`); a directory ends with `/`. */
  root: z.string().optional(),
  path: z.string().optional(),
  class: ContentClassSchema,
  reason: z.string(),
});
export type Excluded = z.infer<typeof ExcludedSchema>;

/** A file that a row names and that is not in the archive as the application recorded it. */
export const ExceptionSchema = z.object({
  reason: z.enum(['missing', 'unreadable', 'size', 'checksum']),
  class: z.enum(['essential', 'derived']),
  role: z.string(),
  documentId: z.string().nullable(),
  documentTitle: z.string().nullable(),
  root: z.string(),
  path: z.string(),
  /** What was expected and found, for people. */
  detail: z.string(),
});
export type Exception = z.infer<typeof ExceptionSchema>;

/** `manifest.json`: all that is known before any data flows. */
export const ManifestSchema = z.object({
  formatVersion: z.literal(formatVersion),
  /** Random UUID of this archive. */
  archiveId: z.uuid(),
  createdAt: utcTime,
  tool: z.object({ name: z.literal('dms-backup'), toolVersion: z.string() }),
  app: z.object({ name: z.string(), title: z.string() }),
  adapter: z.object({
    name: z.string(),
    packageVersion: z.string(),
    contractVersion: z.literal(1),
  }),
  stamp: StampSchema,
  /** Null when the archive has no database part. */
  database: z
    .object({
      engine: z.string(),
      engineVersion: z.string(),
      encoding: z.string(),
      /** Where the database is, e.g. `postgres://db:5432/paperless`: tells installations apart. */
      place: z.string().exactOptional(),
    })
    .nullable(),
  /** Roots in the archive, in order: `media/<name>/`. */
  roots: z.array(z.object({ name: z.string(), directory: z.string() })),
  options: z.object({
    compression: z.enum(['zstd', 'gzip', 'none']),
    level: z.number().int(),
    parts: z.array(z.enum(['database', 'media'])),
    excludeClasses: z.array(z.string()),
  }),
  settings: z.array(z.object({ name: z.string(), value: z.string(), source: z.string() })),
  /** Names of secrets that the instance needs and that are not in the archive. */
  secretsElsewhere: z.array(z.string()),
  /** Columns with secrets in clear that are in the archive: keep it safe. */
  secretColumns: z.array(z.string()),
});
export type Manifest = z.infer<typeof ManifestSchema>;

/** One line of `index.jsonl`, in the order of the entries. The index and the seal themselves are not listed. */
export const IndexEntrySchema = z.strictObject({
  /** Path in the archive. Absent when it is no valid UTF-8: then `pathBase64` has the bytes. */
  path: z.string().optional(),
  pathBase64: z.base64().optional(),
  type: z.enum(['file', 'directory', 'link']),
  /** Bytes of content; 0 for directories and links. */
  size: count,
  /** Of the content; files only. */
  sha256: sha256.optional(),
  /** Target of a symbolic link, as text or base64 of its bytes. */
  link: z.string().optional(),
  linkBase64: z.base64().optional(),
  /** Permission bits, decimal. */
  mode: count.max(0o7777),
  uid: count,
  gid: count,
  /** Seconds since 1970 with nine decimals, e.g. `1700000000.123456789`; may be negative. */
  mtime: z.string().regex(/^-?\d{1,12}\.\d{9}$/),
  /** Number of the frame in which the entry's first header block lies, from 0, and its offset in the frame's content. */
  frame: count,
  offset: count,
  /** A later entry with the same path replaces this one. */
  superseded: z.literal(true).optional(),
});
export type IndexEntry = z.infer<typeof IndexEntrySchema>;

/** `seal.json`: the last entry. Without it there is no archive. */
export const SealSchema = z.object({
  formatVersion: z.literal(formatVersion),
  archiveId: z.uuid(),
  sealedAt: utcTime,
  manifestSha256: sha256,
  /** Where the index entry begins, its content's size and hash, and its number of lines. */
  index: z.object({ frame: count, offset: count, size: count, sha256, entries: count }),
  counts: z.object({
    /** Live entries of each type below `media/`, superseded ones not counted. */
    files: count,
    directories: count,
    links: count,
    mediaBytes: count,
    tables: count,
    rows: count,
    databaseBytes: count,
    documents: count,
  }),
  tables: z.array(TableDigestSchema.extend({ table: z.string(), keepRows: z.boolean() })),
  proof: z.object({
    documents: count,
    documentsComplete: count,
    /** References checked, and how many of them against a checksum of the application. */
    references: count,
    referencesWithChecksum: count,
    /** Files below the roots that no row names. */
    unreferencedFiles: count,
    exceptions: count,
    /** The first 1,000; all are in `catalogue/exceptions.jsonl`. */
    exceptionsListed: z.array(ExceptionSchema),
  }),
  excluded: z.array(ExcludedSchema),
  /** Content elsewhere that rows need, and that no archive has; the first 1,000. */
  externals: z.array(z.object({ kind: z.string(), name: z.string(), reason: z.string() })),
  unknownTables: z.array(z.string()),
  warnings: z.array(z.string()),
  /** The last property: SHA-256 of the text of `seal.json` without it (`seal-text.ts`). */
  contentSha256: sha256,
});
export type Seal = z.infer<typeof SealSchema>;
