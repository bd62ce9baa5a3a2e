// A manage.py need not be Django's to show what happens when a project answers badly; the real one is in
// test/project.integration.test.ts.

import { chmodSync, chownSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { folderWith, inputAt, refusal } from '../test/scratch.ts';
import { configure } from './configuration.ts';
import { askManage, findPython } from './run-manage.ts';

const environment = { PATH: process.env['PATH'] };
const prelude = 'import json, os, sys, time\nmark = os.environ["DMS_BACKUP_MARK"]\n';

function project(program: string): string {
  return join(folderWith({ 'manage.py': prelude + program }), 'manage.py');
}

async function ask(program: string, timeoutMs?: number): Promise<unknown> {
  const question = {
    manage: project(program),
    alias: 'default',
    wish: 'facts',
    environment,
  } as const;
  return timeoutMs === undefined ? askManage(question) : askManage(question, { timeoutMs });
}

test('the answer is the marked line, whatever else is printed', async () => {
  const program =
    'print("hello"); print("{}"); print("dms-backup-0 {}")\nsys.stdin.read()\nprint(mark + json.dumps({"alias": os.environ["DMS_BACKUP_ALIAS"], "arguments": sys.argv[1:]}))\nprint("bye")';
  expect(await ask(program)).toEqual({ alias: 'default', arguments: ['shell'] });
});

test('the program comes on stdin, the same every time, and no module is compiled', async () => {
  const program =
    'import seen\nprint(mark + json.dumps([len(sys.stdin.read()), os.environ["PYTHONDONTWRITEBYTECODE"]]))';
  const directory = folderWith({ 'manage.py': prelude + program, 'seen.py': '' });
  const question = { alias: 'x', wish: 'facts', environment } as const;
  const answer = await askManage({ ...question, manage: join(directory, 'manage.py') });
  expect(answer).toEqual([expect.any(Number), '1']);
  expect(existsSync(join(directory, '__pycache__'))).toBe(false);
});

test.each([
  ['raise ValueError("postgres://u:planted@db/n")', 'it ended with ValueError'],
  ['import no_such_module', "No module named 'no_such_module'"],
  ['sys.stderr.write("planted\\n"); sys.exit(3)', 'it ended with code 3 and without an answer'],
  ['print("nothing marked")', 'it ended with code 0 and without an answer'],
  ['print(mark + "{planted")', 'its answer is no JSON'],
  ['os.kill(os.getpid(), 9)', 'it was ended by SIGKILL'],
])('%s', async (program, reason) => {
  const [code, text] = await refusal(() => ask(program));
  expect(code).toBe('configuration-invalid');
  expect(text).toContain(reason);
  expect(text).not.toContain('planted');
});

test('a project that hangs is stopped', async () => {
  const started = Date.now();
  const [, text] = await refusal(() => ask('print("x", flush=True)\ntime.sleep(60)', 500));
  expect(text).toContain('more than 0.5 seconds');
  expect(Date.now() - started).toBeLessThan(20_000);
});

test('a child of the project that keeps the pipes open does not keep us', async () => {
  const program =
    'import subprocess\nsubprocess.Popen(["sleep", "20"])\nprint(mark + "1", flush=True)';
  const started = Date.now();
  expect(await ask(program)).toBe(1);
  expect(Date.now() - started).toBeLessThan(15_000);
});

test('a project that prints without end is stopped', async () => {
  const [, text] = await refusal(() => ask('while True: print("x" * 100000)'));
  expect(text).toContain('it prints too much');
});

test('a manage.py that is not there', async () => {
  const question = {
    manage: '/no/such/manage.py',
    alias: 'x',
    wish: 'facts',
    environment,
  } as const;
  expect((await refusal(() => askManage(question)))[1]).toContain('there is no such file');
});

test('which Python', () => {
  const directory = folderWith({
    'src/manage.py': '#!/usr/bin/env python\n',
    'src/own.py': '#! /opt/venv/bin/python3.12 -s\n',
    'active/bin/python': '',
  });
  const manage = join(directory, 'src/manage.py');
  expect(findPython(manage, {})).toBe('python3');
  const beside = folderWith({ 'manage.py': '', 'venv/bin/python': '', '.venv/bin/python': '' });
  expect(findPython(join(beside, 'manage.py'), {})).toBe(join(beside, '.venv/bin/python'));
  const above = folderWith({ 'src/manage.py': '', 'env/bin/python': '' });
  expect(findPython(join(above, 'src/manage.py'), {})).toBe(join(above, 'env/bin/python'));
  const active = join(directory, 'active');
  expect(findPython(join(beside, 'manage.py'), { VIRTUAL_ENV: active })).toBe(
    join(active, 'bin/python'),
  );
  // what the first line names counts where it exists
  expect(findPython(join(directory, 'src/own.py'), {})).toBe('python3');
  const named = folderWith({ 'bin/python3': '' });
  const own = folderWith({ 'manage.py': `#!${join(named, 'bin/python3')}\n` });
  expect(findPython(join(own, 'manage.py'), {})).toBe(join(named, 'bin/python3'));
});

test('a Python that cannot be run', async () => {
  const directory = folderWith({ 'manage.py': '', '.venv/bin/python': 'no program' });
  chmodSync(join(directory, '.venv/bin/python'), 0o644);
  const input = inputAt(directory, { options: { manage: ['manage.py'] } });
  expect((await refusal(() => configure(input)))[1]).toContain('cannot be run');
});

test('an env file named with --config reaches the project, the environment wins', async () => {
  const program =
    'print(mark + json.dumps({"password": os.environ["FROM_FILE"] + os.environ["FROM_BOTH"]}))';
  const directory = folderWith({
    'manage.py': prelude + program,
    'app.env': 'FROM_FILE=file\nFROM_BOTH=file\n',
  });
  const { readConfiguration } = await import('./configuration.ts');
  const { environmentFor, findSources } = await import('./configuration-files.ts');
  const input = inputAt(
    directory,
    { configFiles: ['app.env'] },
    { ...environment, FROM_BOTH: 'process' },
  );
  const { sources } = await findSources(input);
  const merged = environmentFor(input.environment, sources);
  const answer = await askManage({
    manage: join(directory, 'manage.py'),
    alias: 'x',
    wish: 'password',
    environment: merged,
  });
  expect(answer).toEqual({ password: 'fileprocess' });
  expect((await readConfiguration(input)).environment).toEqual(merged);
});

test('root is warned of code that belongs to somebody else', async () => {
  const answer = {
    database: { engine: 'x.sqlite3', name: 'db', user: '', host: '', port: '', options: {} },
    otherDatabases: [],
    mediaRoot: '',
    settingsModule: '',
    djangoVersion: '5.2',
    projectVersion: '',
    installedApps: [],
    fixtureDirectories: [],
    files: [],
  };
  const program = `print(mark + ${JSON.stringify(JSON.stringify(answer))})`;
  const directory = folderWith({ 'manage.py': prelude + program });
  const input = inputAt(directory, { options: { manage: ['manage.py'] } }, environment);
  if (process.getuid?.() === 0) chownSync(join(directory, 'manage.py'), 12_345, 12_345);
  const identity = vi.spyOn(process, 'getuid').mockReturnValue(0);
  expect((await configure(input)).warnings.join()).toContain('root ran');
  identity.mockReturnValue(1000);
  expect((await configure(input)).warnings.join()).not.toContain('root ran');
  identity.mockRestore();
});
