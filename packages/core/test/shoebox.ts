// `Shoebox`, an invented application: papers are files below one root. What it references is what a test says.

import type { Adapter, FileReference, Instance, PathRule, Stamp } from '../src/adapter.ts';
import { defineAdapter } from '../src/adapter.ts';
import type { DatabaseReader } from '../src/database/engine.ts';

export const stamp: Stamp = {
  appVersion: '1.2.3',
  range: null,
  foundBy: 'the test',
  evidence: [],
  migrations: ['box.0001'],
  migrationState: 'complete',
  warnings: [],
};

export function instanceOf(roots: Instance['roots'], more: Partial<Instance> = {}): Instance {
  return { roots, settings: [], secrets: [], lookedAt: [], warnings: [], ...more };
}

export function rootOf(directory: string, name = 'files'): Instance['roots'][number] {
  return { name, directory, source: 'the test', required: true };
}

/** A reference to an original without size and checksum. */
export function referenceTo(path: string, more: Partial<FileReference> = {}): FileReference {
  return {
    root: 'files',
    path,
    role: 'original',
    class: 'essential',
    documentId: path,
    documentTitle: path,
    checksum: null,
    sizeBytes: null,
    ...more,
  };
}

/** Everything essential, but `cache/` (derived, not kept), `thumbs/` (derived, kept) and `lock` (ephemeral, not kept). */
export function classify(root: string, path: string): PathRule {
  if (path.startsWith('cache/'))
    return { class: 'derived', keep: false, reason: 'made again', declareAs: 'cache/' };
  if (path.startsWith('thumbs/')) return { class: 'derived', keep: true };
  if (path === 'lock') return { class: 'ephemeral', keep: false, reason: `a lock of ${root}` };
  return { class: 'essential', keep: true };
}

/** For members of adapters that look at no database. */
export const noDatabase: DatabaseReader = {
  engine: 'sqlite',
  schema: {
    engine: 'sqlite',
    engineVersion: '3',
    encoding: 'UTF-8',
    settings: {},
    tables: [],
    preData: [],
    postData: [],
    sequences: [],
  },
  has: () => false,
  // oxlint-disable-next-line require-yield -- a reader without rows
  async *query() {
    throw new Error('there is no database');
  },
};

export function shoebox(more: Partial<Adapter> = {}): Adapter {
  return defineAdapter({
    contractVersion: 1,
    name: 'shoebox',
    title: 'Shoebox',
    aliases: ['box'],
    engines: ['sqlite'],
    supportedVersions: '1.0 - 1.9',
    configure: () => Promise.reject(new Error('not configured')),
    stamp: () => Promise.resolve(stamp),
    tables: () => [],
    classify,
    async *references() {},
    async *documents() {},
    compatibility: () => ({ verdict: 'same', explanation: 'the same', steps: [] }),
    ...more,
  });
}
