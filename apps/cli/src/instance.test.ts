import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePackage } from '../test/fake-adapter.ts';
import { recordedSurroundings } from '../test/surroundings.ts';
import type { Values } from './arguments/flags.ts';
import { createInstanceOptions, locationWords } from './instance.ts';
import { createOutput } from './output/create-output.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dms-backup-instance-'));
  await writePackage(folder, { name: 'dms-backup-adapter-fake' });
});
afterAll(() => rm(folder, { recursive: true }));

const outputOptions = {
  json: false,
  jsonOnStderr: false,
  quiet: true,
  verbose: false,
  progress: false,
};

const values: Values = {
  app: 'fake',
  config: ['a.conf'],
  database: 'postgres://anna@db/docs?sslmode=require',
  databasePasswordFile: 'secret/db',
  media: 'media',
};

describe('the options of an instance', () => {
  it('name the password file by its place and never hold what is in it', async () => {
    const { surroundings } = recordedSurroundings([], { workingDirectory: folder });
    const output = createOutput(outputOptions, surroundings);
    const options = await createInstanceOptions({ operands: [], values, surroundings, output });
    expect(options).toMatchObject({
      databasePasswordFile: join(folder, 'secret/db'),
      given: {
        configFiles: [join(folder, 'a.conf')],
        database: {
          engine: 'postgres',
          host: 'db',
          user: 'anna',
          name: 'docs',
          options: { sslmode: 'require' },
        },
      },
    });
    const { databasePasswordFile: _, ...without } = values;
    const call = { operands: [], values: without, surroundings, output };
    expect(await createInstanceOptions(call)).not.toHaveProperty('databasePasswordFile');
  });
});

describe('the flags that lead to an instance', () => {
  it('are all there again', () => {
    expect(locationWords(values)).toEqual([
      '--app',
      'fake',
      '--config',
      'a.conf',
      '--database',
      'postgres://anna@db/docs?sslmode=require',
      '--database-password-file',
      'secret/db',
      '--media',
      'media',
    ]);
  });
});
