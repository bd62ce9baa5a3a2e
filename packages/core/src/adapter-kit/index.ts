// What adapters share and core does not need: reading the files that administrators write around an application, and rows as
// every engine delivers them. For adapter authors, as `@dms-backup/core/adapter-kit`; nothing here knows a product.

export { addressOutside, publishedPort, serviceAt, toHostPath } from './compose-paths.ts';
export type { HostPath, ServerAddress } from './compose-paths.ts';
export { secretFile, servicePassword } from './compose-secrets.ts';
export { asTree, environmentOf, listOf, readCompose, textOf } from './compose.ts';
export type { ComposeFacts, ComposeProduct, ComposeService, EnvFile, Mount } from './compose.ts';
export {
  createReader,
  findCompose,
  isComposeFile,
  isEnvFile,
  readGivenCompose,
  readGivenTexts,
  readText,
} from './configuration-reader.ts';
export type {
  ComposeConfiguration,
  ConfigurationReader,
  ConfigurationText,
} from './configuration-reader.ts';
export {
  composeSource,
  environmentSource,
  envFileSource,
  findValue,
  findVariable,
  located,
} from './configuration-source.ts';
export type { ConfigurationSource, FoundVariable } from './configuration-source.ts';
export { readDjangoMigrations } from './django-migrations.ts';
export { parseDotenv } from './dotenv.ts';
export type { Dialect } from './dotenv.ts';
export { absoluteLocation, pathBelow, rootOf, settingOf } from './instance-facts.ts';
export { interpolate, interpolateBraces } from './interpolation.ts';
export type { Lookup } from './interpolation.ts';
export { readPasswordFile, unreadablePasswordFile } from './password-file.ts';
export type { PasswordVariables } from './password-file.ts';
export { createReleaseOrder, rangeText } from './releases.ts';
export type { ReleaseOrder, ReleaseRange } from './releases.ts';
export { numberOrNull, text, textOrNull } from './row-values.ts';
export { createTableRules } from './table-rules.ts';
export type { TableFacts } from './table-rules.ts';
export { timestampText } from './timestamps.ts';
