// Finds the engine of a location. Engines are loaded when used: whoever backs up SQLite never loads a server's driver.

import type { DatabaseEngine, EngineName } from './engine.ts';

const loaders: Readonly<Record<EngineName, () => Promise<DatabaseEngine>>> = {
  sqlite: async () => (await import('./sqlite/engine.ts')).sqliteEngine,
  postgres: async () => (await import('./postgres/engine.ts')).postgresEngine,
  mariadb: async () => (await import('./mariadb/engine.ts')).mariadbEngine,
};

/** Loads the code of one engine. */
export async function loadEngine(name: EngineName): Promise<DatabaseEngine> {
  return await loaders[name]();
}
