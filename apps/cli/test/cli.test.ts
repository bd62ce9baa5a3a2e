// The built program as users and scripts meet it: exit codes, stdout, stderr. What verbs do is tested in core.

import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { writePackage } from './fake-adapter.ts';
import { assertBuilt, runBinary } from './run-binary.ts';

// Every run starts a Node.js of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;

beforeAll(async () => {
  assertBuilt();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'dms-backup-cli-')));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Lets the program print the URL of every module that it loads. */
const tellModules = `--import=data:text/javascript,${encodeURIComponent(
  "import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });",
)}`;

/** Makes it believe that it runs on another Node.js. */
const pretendNode20 =
  "--import=data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.11.1'})";

describe('without a verb of core', () => {
  it('prints its version', async () => {
    const { code, stdout, stderr } = await runBinary(['--version']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${packageJson.version}\n`,
      stderr: '',
    });
  });

  it.each([['--version'], ['--help'], ['restore', '--help'], ['--bogus']])(
    'does not load core for %s',
    async (...words) => {
      const { stderr } = await runBinary(words, { node: [tellModules] });
      expect(stderr).toContain('dist/main.js');
      expect(stderr).not.toMatch(/packages\/core|@dms-backup\/core|zod/);
    },
  );

  it('prints help on stdout, and on stderr with exit 2 when there are no words', async () => {
    const asked = await runBinary(['--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toContain('Usage: dms-backup [VERB] [flags]');
    const mute = await runBinary([]);
    expect(mute).toMatchObject({ code: 2, stdout: '', stderr: asked.stdout });
  });

  it.each([
    [
      ['verfy', 'a.tar'],
      "dms-backup: unknown verb 'verfy' (usage, exit 2)\nDid you mean `dms-backup verify`?\n",
    ],
    [
      ['verify', '--quik', 'a.tar'],
      "dms-backup: unknown flag '--quik' (usage, exit 2)\nDid you mean --quick?\n",
    ],
    [
      ['verify'],
      'dms-backup: `verify` needs ARCHIVE (usage, exit 2)\nRun `dms-backup verify --help` to see what it takes.\n',
    ],
  ])('%j is wrong usage', async (words, stderr) => {
    expect(await runBinary(words)).toMatchObject({ code: 2, stdout: '', stderr });
  });

  it('says errors as one JSON line with --json', async () => {
    const { code, stdout, stderr } = await runBinary(['verify', '--quik', '--json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toEqual({
      type: 'error',
      code: 'usage',
      exitCode: 2,
      message: "unknown flag '--quik'",
      hint: 'Did you mean --quick?',
      context: {},
    });
  });

  it('keeps stdout clean when the archive goes there', async () => {
    const { stdout, stderr } = await runBinary(['--app', 'x', '-', '--json', '--bogus']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ type: 'error', code: 'usage' });
  });

  it('tells an old Node.js what is missing', async () => {
    const { code, stdout, stderr } = await runBinary(['--version'], { node: [pretendNode20] });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('dms-backup needs Node.js 24 or newer, and this is 20.11.1\n');
    const json = await runBinary(['verify', 'a', '--json'], { node: [pretendNode20] });
    expect(json.code).toBe(2);
    expect(json.json).toMatchObject([{ type: 'error', exitCode: 2 }]);
  });
});

describe('adapters', () => {
  it('are listed with versions, the broken ones with the reason', async () => {
    await writePackage(folder, { name: '@dms-backup/adapter-fake', aliases: ['fake-ngx'] });
    await writePackage(folder, {
      name: 'dms-backup-adapter-bad',
      source: 'throw new Error("no");',
    });
    const { code, json } = await runBinary(['apps', '--json'], { cwd: folder });
    expect(code).toBe(0);
    expect(json).toHaveLength(1);
    expect(json[0]).toMatchObject({ type: 'result', verb: 'apps', exitCode: 0 });
    expect(json[0]?.['apps']).toContainEqual({
      name: 'fake',
      title: 'Fake DMS',
      aliases: ['fake-ngx'],
      package: '@dms-backup/adapter-fake',
      packageVersion: '1.2.3',
      supportedVersions: '1 - 2',
      engines: ['sqlite'],
      directory: join(folder, 'node_modules/@dms-backup/adapter-fake'),
    });
    expect(json[0]?.['broken']).toMatchObject([{ package: 'dms-backup-adapter-bad' }]);
    const human = await runBinary(['apps'], { cwd: folder });
    expect(human.stdout).toMatch(/^fake {2}Fake DMS$/m);
    expect(human.stderr).toContain('cannot be loaded: dms-backup-adapter-bad 1.2.3');
  });

  it('that do not exist are refused with the nearest name', async () => {
    await writePackage(folder, { name: '@dms-backup/adapter-fake' });
    const { code, json } = await runBinary(['doctor', '--app', 'fak', '--json'], { cwd: folder });
    expect(code).toBe(2);
    expect(json.at(-1)).toMatchObject({
      type: 'error',
      code: 'adapter-not-found',
      context: { nearest: 'fake' },
    });
  });

  it('cannot write into the JSON lines', async () => {
    const source = 'console.log("loaded"); export const adapter = {};';
    await writePackage(folder, { name: 'dms-backup-adapter-chatty', source });
    const { stdout, stderr, json } = await runBinary(['doctor', '--app', 'chatty', '--json'], {
      cwd: folder,
    });
    expect(stdout).not.toContain('loaded');
    expect(stderr).toContain('loaded');
    expect(json.at(-1)).toMatchObject({ type: 'error' });
  });
});
