// The verbs of the built program on a tiny installation: a SQLite table, a media root, an adapter in the user's folder.

import { createHash } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { existsSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasPrograms } from '@dms-backup/test-fixtures/outside-programs';
import { answerAtTerminal } from '@dms-backup/test-fixtures/terminal';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { tinyAdapterSource, writePackage } from './fake-adapter.ts';
import {
  assertBuilt,
  program,
  runBinary,
  type BinaryOptions,
  type BinaryResult,
} from './run-binary.ts';

let folder: string;

// Every run starts a Node.js of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

beforeAll(assertBuilt);

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'dms-backup-verbs-')));
  await writePackage(folder, { name: 'dms-backup-adapter-tiny', source: tinyAdapterSource() });
  await mkdir(join(folder, 'media'));
  const database = new DatabaseSync(join(folder, 'tiny.db'));
  database.exec(
    'CREATE TABLE document (id INTEGER PRIMARY KEY, title TEXT, path TEXT, sha256 TEXT)',
  );
  const insert = database.prepare('INSERT INTO document VALUES (?, ?, ?, ?)');
  for (const [id, title] of [
    [1, 'Invoice'],
    [2, 'Letter\u001b[2J'],
  ] as const) {
    const content = `content of ${title}`;
    await writeFile(join(folder, 'media', `${id}.pdf`), content);
    insert.run(id, title, `${id}.pdf`, createHash('sha256').update(content).digest('hex'));
  }
  database.close();
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const source = ['--app', 'tiny', '--database', 'sqlite:tiny.db', '--media', 'media'];
const target = ['--app', 'tiny-dms', '--database', 'sqlite:new/tiny.db', '--media', 'new/media'];

function dmsBackup(words: readonly string[], options: BinaryOptions = {}): Promise<BinaryResult> {
  return runBinary(words, { cwd: folder, ...options });
}

async function makeArchive(): Promise<string> {
  const { stdout } = await dmsBackup([...source, '--quiet', 'backups.tar.zst']);
  return stdout.trim();
}

describe('backup', () => {
  it('prints only the path on stdout, and a summary on stderr', async () => {
    await mkdir(join(folder, 'backups'));
    const { code, stdout, stderr } = await dmsBackup([...source, 'backups']);
    expect(code).toBe(0);
    const [name] = await readdir(join(folder, 'backups'));
    expect(stdout).toBe(`${join(folder, 'backups', name ?? '')}\n`);
    expect(stderr).toContain('Tiny DMS 1.0 (it is always 1.0)');
    expect(stderr).toContain('2 of 2 documents complete');
    expect(stderr).toMatch(
      /to get it back: dms-backup restore .* --app tiny --database sqlite:tiny.db --media media\n/,
    );
  });

  it('ends with one result line with --json', async () => {
    const { code, stdout, stderr, json } = await dmsBackup([...source, '--json', 'a.tar.zst']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(json).toHaveLength(stdout.trimEnd().split('\n').length);
    expect(json.at(-1)).toMatchObject({
      type: 'result',
      verb: 'backup',
      exitCode: 0,
      path: join(folder, 'a.tar.zst'),
      proof: { documents: 2, documentsComplete: 2 },
    });
  });

  it('exits 3 when a file is missing, names it, and writes the archive', async () => {
    await rm(join(folder, 'media', '2.pdf'));
    const { code, stdout, stderr } = await dmsBackup([...source, '--quiet', 'a.tar.zst']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: `${join(folder, 'a.tar.zst')}\n` });
    expect(stderr).toContain("document 2 'Letter\\x1b[2J': original media/2.pdf: missing");
    expect(stderr).toContain('exit 3: the archive is written');
    expect(stderr).not.toContain('\u001b');
  });

  it('writes to stdout what verify reads from stdin, and JSON to stderr', async () => {
    const { code, stdout, stderr } = await dmsBackup([...source, '--json', '-']);
    expect(code).toBe(0);
    expect(stdout.startsWith('{')).toBe(false);
    const lines = stderr.trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      type: 'result',
      verb: 'backup',
      path: null,
    });
  });

  it('writes nothing in a dry run', async () => {
    const before = await readdir(folder);
    const { code, stdout, stderr } = await dmsBackup([...source, '--dry-run']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('dry run: nothing was written');
    expect(await readdir(folder)).toEqual(before);
  });

  it('warns who expects an encrypted archive', async () => {
    const environment = { DMS_BACKUP_PASSPHRASE: 'open sesame' };
    const { stderr } = await dmsBackup([...source, '--quiet', 'a.tar.zst'], { environment });
    expect(stderr).toMatch(/^warning: DMS_BACKUP_PASSPHRASE is set, .* in clear\n$/);
  });
});

describe('a passphrase', () => {
  const hasTerminal = hasPrograms('python3');

  it.runIf(hasTerminal)(
    'is asked for twice at a terminal and never seen; no archive is in clear',
    async () => {
      const words = [...source, '--encrypt', 'age', '--compression', 'none', 'a.tar.age'];
      const { screen } = answerAtTerminal([process.execPath, program, ...words], ['open sesame'], {
        cwd: folder,
      });
      expect(screen).toContain('Passphrase for the archive: ');
      expect(screen).toContain('The same again: ');
      expect(screen).not.toContain('sesame');
      for (const name of await readdir(folder))
        if (name.startsWith('a.tar'))
          expect((await readFile(join(folder, name))).includes('README.txt')).toBe(false);
    },
  );

  it.runIf(hasTerminal)('is given up with Ctrl-C', () => {
    const words = [...source, '--encrypt', 'age', 'a.tar.age'];
    const { code, screen } = answerAtTerminal([process.execPath, program, ...words], ['\u0003'], {
      cwd: folder,
    });
    expect(code).toBe(130);
    expect(screen).toContain('interrupted');
    expect(existsSync(join(folder, 'a.tar.age'))).toBe(false);
  });

  it('and a recipient: without either there is no archive', async () => {
    const { code, stderr } = await dmsBackup([...source, '--encrypt', 'age', 'a.tar.age']);
    expect(code).toBe(2);
    expect(stderr).toContain('--encrypt age needs a recipient or a passphrase');
    expect(existsSync(join(folder, 'a.tar.age'))).toBe(false);
  });
});

describe('verify and inspect', () => {
  it('prove and describe an archive', async () => {
    const archive = await makeArchive();
    const verified = await dmsBackup(['verify', archive]);
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).toMatch(/^ok: .*\n.* entries, .*\n2 of 2 documents complete\n$/);
    const inspected = await dmsBackup(['inspect', archive]);
    expect(inspected.code).toBe(0);
    expect(inspected.stdout).toContain('application  Tiny DMS 1.0');
    const { json } = await dmsBackup(['inspect', '--json', archive]);
    expect(json.at(-1)).toMatchObject({
      type: 'result',
      verb: 'inspect',
      exitCode: 0,
      excluded: expect.any(Array),
    });
  });

  it('exit 10 for a missing file and 20 for a damaged one', async () => {
    expect(await dmsBackup(['verify', 'nothing.tar'])).toMatchObject({ code: 10, stdout: '' });
    const archive = await makeArchive();
    await truncate(archive, 1000);
    const { code, json } = await dmsBackup(['verify', archive, '--json']);
    expect(code).toBe(20);
    expect(json.at(-1)).toMatchObject({ type: 'error', exitCode: 20 });
  });
});

describe('restore and undo', () => {
  it('plan, restore, refuse to replace without --yes, replace, undo', async () => {
    await makeArchive();
    const plan = await dmsBackup(['restore', 'latest', ...target, '--plan']);
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.stdout).toContain('Nothing was changed (--plan).');
    expect(existsSync(join(folder, 'new'))).toBe(false);

    const first = await dmsBackup(['restore', 'latest', '--from', '.', ...target]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(/^restored: Tiny DMS 1.0\n1 table, 2 rows, 2 files/);

    await writeFile(join(folder, 'new/media/1.pdf'), 'changed since');
    const refused = await dmsBackup(['restore', 'backups.tar.zst', ...target, '--json']);
    expect(refused.code).toBe(22);
    expect(refused.json.at(-1)).toMatchObject({ type: 'error', code: 'target-not-empty' });

    const second = await dmsBackup(['restore', 'backups.tar.zst', ...target, '--yes']);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('replaces:');
    expect(second.stdout).toContain('to put it back: dms-backup undo --app tiny-dms');
    expect(await readFile(join(folder, 'new/media/1.pdf'), 'utf8')).toBe('content of Invoice');

    expect(await dmsBackup(['undo', ...target])).toMatchObject({ code: 22 });
    const undone = await dmsBackup(['undo', ...target, '--yes', '--json']);
    expect(undone).toMatchObject({ code: 0 });
    expect(undone.json.at(-1)).toMatchObject({ type: 'result', verb: 'undo' });
    expect(await readFile(join(folder, 'new/media/1.pdf'), 'utf8')).toBe('changed since');
  });

  it('`latest` leaves damaged files aside, and says when there is no archive', async () => {
    await writeFile(join(folder, 'zz.tar.zst'), 'no archive');
    const none = await dmsBackup(['restore', 'latest', ...target, '--json']);
    expect(none.code).toBe(10);
    expect(none.json.at(-1)).toMatchObject({
      code: 'archive-not-found',
      context: { candidates: 1 },
    });
    await makeArchive();
    const { code, stderr } = await dmsBackup(['restore', 'latest', ...target, '--plan']);
    expect(code).toBe(0);
    expect(stderr).toContain('warning: left aside while looking for the newest archive');
    expect(await dmsBackup(['restore', 'latest', '--from', 'gone', ...target])).toMatchObject({
      code: 10,
    });
  });
});

describe('check and doctor', () => {
  it('exit 0 when all is well', async () => {
    const checked = await dmsBackup(['check', ...source]);
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout).toContain('2 of 2 documents complete');
    const doctor = await dmsBackup(['doctor', ...source]);
    expect(doctor).toMatchObject({ code: 0 });
    expect(doctor.stdout).toContain('adapter dms-backup-adapter-tiny 1.2.3');
    expect(doctor.stdout).toContain('A backup can run now.');
  });

  it('exit 3 and 2 when not, with names and remedies', async () => {
    await writeFile(join(folder, 'media', '1.pdf'), 'flipped');
    const checked = await dmsBackup(['check', ...source]);
    expect(checked.code).toBe(3);
    expect(checked.stdout).toContain("document 1 'Invoice'");
    await rm(join(folder, 'media'), { recursive: true });
    const doctor = await dmsBackup(['doctor', ...source]);
    expect(doctor.code).toBe(2);
    expect(doctor.stdout).toContain('not ok');
    expect(doctor.stdout).toContain('remedy: ');
  });
});

describe('the end of a run', () => {
  it('is exit 1, the stack and a request to report it when an adapter has a bug', async () => {
    const environment = { TINY_PASSWORD: 'is broken' };
    const { code, stdout, stderr } = await dmsBackup(
      ['doctor', ...source, '--app-version', 'bug'],
      { environment },
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('dms-backup: this should not happen: TypeError: tiny ***');
    expect(stderr).toContain('dms-backup-adapter-tiny/index.js');
    expect(stderr).toContain('npm bugs dms-backup');
    const { json } = await dmsBackup(['doctor', ...source, '--app-version', 'bug', '--json']);
    expect(json.at(-1)).toMatchObject({
      type: 'error',
      code: 'bug',
      exitCode: 1,
      stack: expect.any(String),
    });
  });

  it('is exit 130 at once at the second Ctrl-C', async () => {
    const { code } = await dmsBackup([...source, '--app-version', 'slow'], {
      started: async (child) => {
        for await (const [text] of on(child.stderr ?? new EventEmitter(), 'data'))
          if (String(text).includes('tiny waits')) break;
        child.kill('SIGINT');
        // Two signals of one kind that are pending at the same time arrive as one.
        await sleep(200);
        child.kill('SIGINT');
      },
    });
    expect(code).toBe(130);
  });
});
