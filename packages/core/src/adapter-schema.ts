// zod schemas of everything adapters return. The types of the contract (`adapter.ts`) are inferred from them.

import { z } from 'zod';

const located = <T extends z.ZodType>(value: T) => z.object({ value, source: z.string() });

/** Where a database is, see `DatabaseLocation`. */
export const LocationSchema = z.union([
  z.object({ engine: z.literal('sqlite'), path: z.string() }),
  z.object({
    engine: z.enum(['postgres', 'mariadb']),
    host: z.string(),
    port: z.number().int().exactOptional(),
    user: z.string().exactOptional(),
    name: z.string(),
    options: z.record(z.string(), z.string()).exactOptional(),
  }),
]);

/** A directory tree of the instance: `name` becomes `media/<name>/` in the archive. */
export const RootSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  directory: z.string(),
  source: z.string(),
  /** A required root that does not exist stops the backup. */
  required: z.boolean(),
});

export const InstanceSchema = z.object({
  database: located(LocationSchema).optional(),
  roots: z.array(RootSchema),
  /** The user's word, or another statement outside the database (image tag). */
  appVersion: located(z.string()).optional(),
  /** A directory where the application itself puts its backups; used when the user names no destination. */
  destination: located(z.string()).optional(),
  /** The application's own name for a backup, with the words of strftime; used when the user gives no `--filename`. */
  archiveName: located(z.string()).optional(),
  /** Settings worth recording in the manifest (never secrets): name, value, source. */
  settings: z.array(z.object({ name: z.string(), value: z.string(), source: z.string() })),
  /** Secrets that exist, by name only: they are not in the archive and must be kept elsewhere. */
  secrets: z.array(z.object({ name: z.string(), source: z.string() })),
  /** What was looked at, in order, also when nothing was there: for `doctor`. */
  lookedAt: z.array(z.object({ place: z.string(), found: z.boolean() })),
  warnings: z.array(z.string()),
});

export const StampSchema = z.object({
  /** Exact version, or null when only a range is known. */
  appVersion: z.string().nullable(),
  /** First and last release that fit, also given when the exact version is known. Null: unknown. */
  range: z.object({ from: z.string(), to: z.string() }).nullable(),
  /** Short sentence for people: how the version was found. */
  foundBy: z.string(),
  /** Every source that said something, in order of trust. */
  evidence: z.array(z.object({ source: z.string(), says: z.string() })),
  /** Applied migrations as `app.name`, sorted. */
  migrations: z.array(z.string()),
  migrationState: z.enum(['complete', 'interrupted', 'unknown']),
  warnings: z.array(z.string()),
});

export const ContentClassSchema = z.enum([
  'essential',
  'derived',
  'history',
  'ephemeral',
  'unknown',
]);

export const TableRuleSchema = z.object({
  table: z.string(),
  class: ContentClassSchema,
  /** False: the definition is kept, the rows are not, and that is declared with the reason. */
  keepRows: z.boolean(),
  reason: z.string().optional(),
  /** Columns with secrets in clear: never shown, listed in the manifest so that users know. */
  secretColumns: z.array(z.string()).optional(),
});

export const FileReferenceSchema = z.object({
  root: z.string(),
  /** Relative to the root, `/` between parts, exactly as stored. */
  path: z.string(),
  /** `original`, `pdfaCopy`, `thumbnail`, ...: for reports. */
  role: z.string(),
  /** Essential: without it the document is incomplete. Derived: reported, the document counts as complete. */
  class: z.enum(['essential', 'derived']),
  documentId: z.string().nullable(),
  documentTitle: z.string().nullable(),
  /** What the application recorded about the content; null when it records nothing that can be compared. */
  checksum: z.object({ algorithm: z.enum(['md5', 'sha256']), value: z.string() }).nullable(),
  sizeBytes: z.number().int().nonnegative().nullable(),
});

export const CatalogueDocumentSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** As the application stores them: dates or UTC timestamps in text. */
  created: z.string().nullable(),
  added: z.string().nullable(),
  modified: z.string().nullable(),
  owner: z.string().nullable(),
  correspondent: z.string().nullable(),
  documentType: z.string().nullable(),
  tags: z.array(z.string()),
  /** Folders from the top, as the web interface shows them; empty when the product has none. */
  folder: z.array(z.string()),
  /** In the application's trash: can be brought back there. */
  trashed: z.boolean(),
  /** Oldest first; the last one is the current one. */
  documentVersions: z.array(
    z.object({
      id: z.string(),
      label: z.string().nullable(),
      files: z.array(z.object({ role: z.string(), root: z.string(), path: z.string() })),
    }),
  ),
  /** Anything else of use to a reader, flat. */
  extra: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** Content that the instance needs and that lies elsewhere, so that no archive of ours has it. */
export const ExternalSchema = z.object({
  /** One word for scripts: `bucket`, `database`, `service`, `directory`. */
  kind: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** Where it is, without credentials. */
  name: z.string(),
  /** For people: what needs it. */
  reason: z.string(),
});

/** A fault of a row itself. The fields are those of a finding of `check`. */
export const RowFindingSchema = z.object({
  level: z.enum(['error', 'warning', 'info']),
  /** One word for scripts, e.g. `incomplete-row`, `no-text`. */
  reason: z.string().regex(/^[a-z][a-z0-9-]*$/),
  documentId: z.string().nullable(),
  documentTitle: z.string().nullable(),
  /** The file it is about, relative to its root; null when it is about no file. */
  path: z.string().nullable(),
  /** For people; never the content of a column with secrets. */
  text: z.string(),
});

export const CompatibilitySchema = z.object({
  /** `same`: nothing to do; `migrates`: the application migrates at its next start; `unknown`: nobody can say. */
  verdict: z.enum(['same', 'migrates', 'too-new', 'impossible', 'unknown']),
  /** For people: why, which steps, which release or image tag to use. */
  explanation: z.string(),
  steps: z.array(z.string()),
});

export const RestoreNotesSchema = z.object({
  /** What the administrator does next, in order. */
  steps: z.array(z.string()),
  /** Empty directories that must exist afterwards: root name and relative path. */
  createDirectories: z.array(z.object({ root: z.string(), path: z.string() })),
});
