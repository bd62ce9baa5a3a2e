// A directory with small archives of given times and instances, each sealed and sound.

import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../src/archive/schema.ts';
import { assembleArchive, manifest, readme, root } from './assemble-archive.ts';

export interface Shelved {
  readonly createdAt: string;
  readonly app?: string;
  readonly directory?: string;
  readonly parts?: Manifest['options']['parts'];
  readonly database?: Manifest['database'];
  /** Documents, and how many of them are complete. */
  readonly documents?: readonly [number, number];
}

/** Writes one archive under that name and returns its path. */
export function shelve(shelf: string, name: string, facts: Shelved): string {
  const { app = 'shoebox', directory = '/srv/files', documents = [3, 3] } = facts;
  const archiveId = randomUUID();
  const content = JSON.stringify({
    ...manifest,
    archiveId,
    createdAt: facts.createdAt,
    app: { name: app, title: app.toUpperCase() },
    roots: [{ name: 'files', directory }],
    database: facts.database ?? null,
    options: { ...manifest.options, parts: facts.parts ?? manifest.options.parts },
  } satisfies Manifest);
  const path = assembleArchive(shelf, {
    parts: [readme, { path: 'manifest.json', content }, root],
    seal: (seal) => ({
      ...seal,
      archiveId,
      proof: { ...seal.proof, documents: documents[0], documentsComplete: documents[1] },
    }),
  });
  renameSync(path, join(shelf, name));
  return join(shelf, name);
}

/** One archive at noon of each day, named after it: `2026-11-21.tar.zst`. */
export function shelveDays(shelf: string, days: readonly string[], facts: Partial<Shelved> = {}) {
  for (const day of days)
    shelve(shelf, `${facts.app ?? ''}${day}.tar.zst`, { ...facts, createdAt: `${day}T12:00:00Z` });
}
