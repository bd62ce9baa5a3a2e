// The engine for MariaDB and MySQL: what the verbs see of this folder.

import type { DatabaseEngine, DatabaseLocation } from '../engine.ts';
import { dropFormer, openFormer } from './former.ts';
import { openLoad } from './load.ts';
import type { MariadbLocation } from './names.ts';
import { createScratch, dropScratch } from './scratch.ts';
import { settle } from './settle.ts';
import { openSnapshot } from './snapshot.ts';
import { inspectTarget } from './target.ts';

export const mariadbEngine: DatabaseEngine = {
  name: 'mariadb',
  openSnapshot: (location, options = {}) => openSnapshot(ours(location), options),
  inspectTarget: (location, options = {}) => inspectTarget(ours(location), options),
  openLoad: (schema, target, options = {}) =>
    openLoad(schema, ours(target.location), target, options),
  filesOf: () => [],
  settle: (location, ticket, options = {}) => settle(ours(location), ticket, options),
  openFormer: (location, options = {}) => openFormer(ours(location), options),
  dropFormer: (location, options = {}) => dropFormer(ours(location), options),
  createScratch: (location, _scratch, options = {}) => createScratch(ours(location), options),
  dropScratch: (location, options = {}) => dropScratch(ours(location), options),
};

function ours(location: DatabaseLocation): MariadbLocation {
  if (location.engine !== 'mariadb') {
    throw new TypeError(`the MariaDB engine was called for a ${location.engine} database`);
  }
  return location;
}
