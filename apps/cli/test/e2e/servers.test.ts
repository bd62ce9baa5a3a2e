// A whole circle on each server: back up, prove, restore elsewhere and over something else, undo. Rows, definitions,
// sequences and files are compared without the program.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ServerSampleInstance } from '@dms-backup/test-fixtures';
import { beforeAll, describe, expect, test } from 'vitest';

import { createBench, expectRefusal, flagsOf, lastJson, makeArchive, namesIn } from './bench.ts';
import type { ServerPlace } from './bench.ts';
import { expectReplaceable, prove, withoutLeftOut } from './proof.ts';
import type { Declaration } from './proof.ts';
import { createServerBench, databasesBeside, serverNames, stateOfServer } from './server-bench.ts';
import type { ServerState } from './server-bench.ts';

const bench = createBench('servers');
const servers = createServerBench(bench);

interface Inspected {
  manifest: { database: { engine: string; engineVersion: string }; app: { name: string } };
  counts: { documents: number; tables: number };
  tables: { table: string; rows: number; keepRows: boolean }[];
  excluded: Declaration[];
}

describe.each(serverNames)('%s', (name) => {
  let instance: ServerSampleInstance;
  let before: ServerState;
  let archive: string;
  let inspected: Inspected;

  beforeAll(async () => {
    instance = await servers.build(name, { appVersion: '3.0.5', documents: 10, seed: 1 });
    before = await stateOfServer(instance);
    archive = await makeArchive(bench, instance);
    inspected = lastJson<Inspected>(await bench.done(['inspect', archive, '--json']));
  });

  test('backup leaves the source as it was, verify and inspect say what is in the archive', async () => {
    expect(prove(before, await stateOfServer(instance), []).differences).toEqual([]);
    await bench.done(['verify', archive]);
    const { manifest, counts, tables, excluded } = inspected;
    expect(manifest.database.engine).toBe(instance.server.engine);
    expect(`${instance.server.engine} ${manifest.database.engineVersion}`).toMatch(
      {
        'PostgreSQL 12': /^postgres 12\./u,
        'PostgreSQL 18': /^postgres 18\./u,
        MariaDB: /MariaDB/u,
      }[name],
    );
    expect(counts.documents).toBe(10);
    expectReplaceable(excluded);
    expect(Object.fromEntries(tables.map(({ table, rows }) => [table, rows]))).toEqual(
      Object.fromEntries(
        Object.entries(before.database.tables).map(([table, { rowCount }]) => [
          table,
          excluded.some((each) => each.name === table) ? 0 : rowCount,
        ]),
      ),
    );
  });

  test('into an empty database and directories that do not exist: all is equal', async () => {
    const target = await servers.emptyPlace(name);
    await bench.done(['restore', archive, ...flagsOf(target)]);
    const proof = prove(before, await stateOfServer(target), inspected.excluded);
    expect(proof.differences).toEqual([]);
    expect(proof.equalRows).toBeGreaterThan(500);
    expect(proof.equalFiles).toBeGreaterThan(10);
    // One thumbnail is missing on purpose, there as here.
    const checked = async (place: ServerPlace): Promise<unknown> => {
      const run = await bench.done(['check', ...flagsOf(place), '--json'], { code: 3 });
      return lastJson(run)['findings'];
    };
    expect(await checked(target)).toEqual(await checked(instance));
    // What came back is as good a source as the first.
    const again = await makeArchive(bench, target);
    const next = lastJson<Inspected>(await bench.done(['inspect', again, '--json']));
    expect(next.tables).toEqual(inspected.tables);
  });

  // The same code on both versions of PostgreSQL, and much work: once is enough.
  if (name !== 'PostgreSQL 12') {
    describe('over an existing installation', () => {
      let target: ServerPlace & { readonly directory: string };
      let old: ServerState;

      beforeAll(async () => {
        target = await servers.build(name, { appVersion: '3.0.5', documents: 8, seed: 2 });
        old = await stateOfServer(target);
      });

      test('without --yes nothing happens', async () => {
        await expectRefusal(bench, ['restore', archive, ...flagsOf(target)], {
          exit: 22,
          code: 'target-not-empty',
          says: /--yes/u,
        });
        expect(prove(old, await stateOfServer(target), []).differences).toEqual([]);
        expect(await databasesBeside(target.server)).toEqual([]);
      });

      test('restore, undo, undo of undo, and a restore without undo', async () => {
        const look = async (): Promise<ServerState> => await stateOfServer(target);
        const { excluded } = inspected;
        await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
        const restored = await look();
        const fresh = withoutLeftOut(before, excluded);
        const isFresh = (state: ServerState): void => {
          const proof = prove(fresh, withoutLeftOut(state, excluded), excluded);
          expect(proof.differences).toEqual([]);
          expect(proof.equalRows).toBeGreaterThan(500);
        };
        isFresh(restored);

        await bench.done(['undo', ...flagsOf(target), '--yes']);
        expect(prove(old, await look(), []).differences).toEqual([]);

        await bench.done(['undo', ...flagsOf(target), '--yes']);
        expect(prove(restored, await look(), []).differences).toEqual([]);

        await bench.done(['restore', archive, ...flagsOf(target), '--yes', '--no-undo']);
        isFresh(await look());
        expect(await databasesBeside(target.server)).toEqual([]);
        expect(namesIn(target.directory)).toEqual(['config', 'data', 'media']);
        const undo = await bench.run(['undo', ...flagsOf(target), '--yes']);
        expect(undo.code).toBe(10);
      });
    });
  }

  test('undo of a restore over files and an empty database empties it again', async () => {
    const target = await servers.emptyPlace(name);
    mkdirSync(target.mediaDirectory, { recursive: true });
    writeFileSync(join(target.mediaDirectory, 'was here before.txt'), 'old');
    const old = await stateOfServer(target);
    await bench.done(['restore', archive, ...flagsOf(target), '--yes']);
    expect(Object.keys((await stateOfServer(target)).database.tables).length).toBeGreaterThan(50);
    await bench.done(['undo', ...flagsOf(target), '--yes']);
    const after = await stateOfServer(target);
    expect(prove(old, after, [], 'database').differences).toEqual([]);
    expect([...after.media.keys()]).toEqual([...old.media.keys()]);
    expect([...after.data.keys()]).toEqual([]);
  });
});
