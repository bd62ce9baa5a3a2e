// The SQLite engine: what the verbs see of this folder.

import { resolve } from 'node:path';
import type { DatabaseEngine, DatabaseLocation } from '../engine.ts';
import { databaseFiles } from './files.ts';
import { openLoad } from './load.ts';
import { openSnapshot } from './snapshot.ts';
import { inspectTarget } from './target.ts';

export const sqliteEngine: DatabaseEngine = {
  name: 'sqlite',
  openSnapshot: (location, options = {}) => openSnapshot(pathOf(location), options),
  inspectTarget: (location, options = {}) => inspectTarget(pathOf(location), options),
  openLoad,
  filesOf: (location) => databaseFiles(pathOf(location)),
};

function pathOf(location: DatabaseLocation): string {
  if (location.engine !== 'sqlite') {
    throw new TypeError(`the SQLite engine was called for a ${location.engine} database`);
  }
  return resolve(location.path);
}
