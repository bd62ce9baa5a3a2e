// The PostgreSQL engine: what the verbs see of this folder.

import type { DatabaseEngine } from '../engine.ts';
import { openLoad } from './load.ts';
import { createScratch, dropScratch } from './scratch.ts';
import { settle } from './settle.ts';
import { openSnapshot } from './snapshot.ts';
import { inspectTarget } from './target.ts';

export const postgresEngine: DatabaseEngine = {
  name: 'postgres',
  openSnapshot,
  inspectTarget,
  openLoad,
  filesOf: () => [],
  settle,
  createScratch,
  dropScratch,
};
