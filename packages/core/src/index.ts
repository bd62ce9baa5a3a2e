// The public surface of core: the verbs, the adapter contract, the error table, the schemas of the format.

export { contractVersion, defineAdapter } from './adapter.ts';
export type * from './adapter.ts';
export { checkAdapter } from './adapter-check.ts';
export {
  CatalogueDocumentSchema,
  CompatibilitySchema,
  ExternalSchema,
  FileReferenceSchema,
  InstanceSchema,
  RestoreNotesSchema,
  RowFindingSchema,
  StampSchema,
  TableRuleSchema,
} from './adapter-schema.ts';
export { ArchivedSchemaSchema } from './archive/database-part.ts';
export {
  ExceptionSchema,
  IndexEntrySchema,
  ManifestSchema,
  SealSchema,
  formatVersion,
} from './archive/schema.ts';
export type { Exception, Excluded, IndexEntry, Manifest, Seal } from './archive/schema.ts';
export { backup } from './backup.ts';
export { versionText } from './capture/snapshot.ts';
export { check } from './check.ts';
export { defaultCompression } from './destination/backup-output.ts';
export type * from './database/engine.ts';
export { describeLocation, parseDatabaseUrl, parseServerUrl } from './database/database-url.ts';
export { qualifiedName } from './database/schema.ts';
export {
  DmsBackupError,
  errorTable,
  exitCodes,
  isDmsBackupError,
  systemErrorCode,
} from './errors.ts';
export type { ErrorCode, ExitCode } from './errors.ts';
export { diff } from './diff.ts';
export { doctor } from './doctor.ts';
export { drill } from './drill.ts';
export type { Encryption, Keys } from './encryption/keys.ts';
export type * from './events.ts';
export { extract } from './extract.ts';
export { find } from './find.ts';
export { inspect, inspectLocked } from './inspect.ts';
export { list } from './list.ts';
export { prune } from './prune.ts';
export { restore } from './restore.ts';
export type { KeepCounts, KeepRules } from './retention/choose.ts';
export { parseCalendarDuration } from './retention/duration.ts';
export type { CalendarDuration } from './retention/duration.ts';
export type { Period } from './retention/periods.ts';
export { tool } from './tool.ts';
export type { EncryptionFacts } from './source/plain-source.ts';
export { undo } from './undo.ts';
export type * from './verb.ts';
export { verify } from './verify.ts';
