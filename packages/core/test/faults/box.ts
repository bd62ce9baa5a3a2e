// The installation on which the tests of faults work: a small shoebox with files and a database, and what it looks like.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { DatabaseLocation } from '../../src/database/engine.ts';
import { parseDatabaseUrl } from '../../src/database/database-url.ts';
import type { InstanceOptions } from '../../src/verb.ts';
import { joinBytes } from '../../src/media/scan.ts';
import { instanceOf, rootOf, shoebox } from '../shoebox.ts';

/** Where an installation is. */
export interface Box {
  /** Files lie in `files`, a SQLite database beside it. */
  readonly base: string;
  /** Of a database on a server. */
  readonly url?: string;
}

function locationOf({ base, url }: Box): DatabaseLocation {
  return url === undefined
    ? { engine: 'sqlite', path: join(base, 'box.sqlite3') }
    : parseDatabaseUrl(url, '/');
}

/** What every verb needs to know of it. */
export function optionsOf(box: Box): InstanceOptions {
  const instance = instanceOf([rootOf(join(box.base, 'files'))], {
    database: { value: locationOf(box), source: 'the test' },
  });
  return {
    adapter: shoebox({ engines: ['sqlite', 'postgres'], configure: async () => instance }),
    adapterPackage: { name: 'shoebox', packageVersion: '1.0.0' },
    given: { configFiles: [] },
    environment: { ...process.env, XDG_STATE_HOME: join(box.base, 'state') },
    workingDirectory: box.base,
  };
}

const tables = (word: string): string => `
  CREATE TABLE papers (id INTEGER PRIMARY KEY, title TEXT NOT NULL, file TEXT);
  CREATE TABLE marks (id INTEGER PRIMARY KEY, paper INTEGER REFERENCES papers (id), text TEXT);
  INSERT INTO papers VALUES (1, '${word} one', 'a'), (2, '${word} two', 'folder/b');
  INSERT INTO marks VALUES (7, 1, '${word}');`;

/** Makes one whose whole content has `word` in it. Names are the same with every word, but one. */
export async function fillBox(box: Box, word: string): Promise<void> {
  const files = join(box.base, 'files');
  mkdirSync(join(files, 'folder'), { recursive: true });
  writeFileSync(join(files, 'a'), `${word} a`);
  writeFileSync(join(files, 'folder', 'b'), `${word} b`.repeat(1000));
  writeFileSync(join(files, 'folder', `only ${word}`), word);
  symlinkSync(word, join(files, 'folder', 'link'));
  if (box.url === undefined) {
    const database = new DatabaseSync(join(box.base, 'box.sqlite3'));
    database.exec(tables(word));
    database.close();
    return;
  }
  await asked(box.url, `DROP TABLE IF EXISTS marks, papers; ${tables(word)}`);
}

/** Everything that the application can see. */
export async function lookAt(box: Box): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  if (existsSync(join(box.base, 'files')))
    lookInto(Buffer.from(join(box.base, 'files')), 'files', seen);
  for (const table of ['papers', 'marks']) seen[table] = await rowsOf(box, table);
  return seen;
}

/** Names as bytes: some are no text. */
function lookInto(directory: Buffer, name: string, seen: Record<string, string>): void {
  for (const each of readdirSync(directory, { encoding: 'buffer' })) {
    const path = joinBytes(directory, each);
    const within = `${name}/${each.toString('latin1')}`;
    const status = lstatSync(path);
    if (status.isDirectory()) {
      seen[within] = 'a directory';
      lookInto(path, within, seen);
    } else if (status.isSymbolicLink()) seen[within] = `-> ${readlinkSync(path)}`;
    else seen[within] = readFileSync(path, 'latin1');
  }
}

async function rowsOf(box: Box, table: string): Promise<string> {
  const sql = `SELECT * FROM ${table} ORDER BY id`;
  if (box.url !== undefined) return JSON.stringify(await asked(box.url, sql).catch(() => 'none'));
  const path = join(box.base, 'box.sqlite3');
  if (!existsSync(path)) return 'none';
  const database = new DatabaseSync(path);
  try {
    return JSON.stringify(database.prepare(sql).all());
  } finally {
    database.close();
  }
}

async function asked(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
