// Builds `manifest.json`: everything that is known before any data flows.

import type { Instance, Root, Stamp } from '../adapter.ts';
import { ManifestSchema, formatVersion } from '../archive/schema.ts';
import type { Manifest } from '../archive/schema.ts';
import { databasePlaceName } from '../database/database-url.ts';
import type { DatabaseLocation, DatabaseSchema } from '../database/engine.ts';
import { tool } from '../tool.ts';
import type { BackupOptions } from '../verb.ts';
import { secretColumns } from './database.ts';
import type { TablePlan } from './database.ts';

const defaultLevel = { zstd: 1, gzip: 6, none: 0 } as const;

/** The user's level, or the default of the compression. */
export function compressionLevel(options: Pick<BackupOptions, 'compression' | 'level'>): number {
  return options.level ?? defaultLevel[options.compression];
}

export function buildManifest(facts: {
  archiveId: string;
  createdAt: Date;
  options: BackupOptions;
  instance: Instance;
  roots: readonly Root[];
  stamp: Stamp;
  schema: DatabaseSchema;
  location: DatabaseLocation;
  plans: readonly TablePlan[];
}): Manifest {
  const { options, instance } = facts;
  const { engine, engineVersion, encoding } = facts.schema;
  const withDatabase = options.parts.includes('database');
  const roots = options.parts.includes('media') ? facts.roots : [];
  return ManifestSchema.parse({
    formatVersion,
    archiveId: facts.archiveId,
    createdAt: facts.createdAt.toISOString(),
    tool,
    app: { name: options.adapter.name, title: options.adapter.title },
    adapter: { ...options.adapterPackage, contractVersion: 1 },
    stamp: facts.stamp,
    database: withDatabase
      ? { engine, engineVersion, encoding, place: databasePlaceName(facts.location) }
      : null,
    roots: roots.map(({ name, directory }) => ({ name, directory })),
    options: {
      compression: options.compression,
      level: compressionLevel(options),
      parts: [...options.parts],
      excludeClasses: [...options.excludeClasses],
    },
    settings: instance.settings,
    secretsElsewhere: instance.secrets.map(({ name }) => name),
    secretColumns: withDatabase ? secretColumns(facts.plans) : [],
  } satisfies Manifest);
}
