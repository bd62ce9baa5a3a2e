// The demo against a stand-in for the command line tool that copies folders: it must pass when all is well, and must notice
// every kind of loss.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { createScratchDirectories } from '../scratch-directory.ts';
import { runDemo } from './run-demo.ts';

const scratch = createScratchDirectories();

/** `{{...}}` is where a test plants a defect. */
const STAND_IN = `
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
const words = process.argv.slice(2);
const flag = (name) => words[words.indexOf(name) + 1];
const copy = (from, to) => execFileSync('cp', ['-aT', from, to]);
const excluded = [
  { kind: 'table', name: 'public.django_session', class: 'ephemeral', reason: 'logins' },
  { kind: 'file', root: 'data', path: 'index/', class: 'derived', reason: 'rebuilt' },
  { kind: 'file', root: 'data', path: 'log/*', class: 'ephemeral', reason: 'log' },
];
if (words[0] === '--app') {
  copy('instance', 'archives/sample');
  process.stderr.write('1 thumbnail is missing\\n');
  console.log('archives/sample');
  {{backup}}
} else if (words[0] === 'verify') {
  console.log('complete');
} else if (words[0] === 'inspect') {
  if (words.includes('--json')) {
    console.log('{"type":"progress"}');
    console.log(JSON.stringify({ type: 'result', excluded, exceptions: ['documents/thumbnails/0000003.webp'] }));
  } else console.log('paperless 3.0.5');
} else {
  copy('archives/sample/media', flag('--media'));
  copy('archives/sample/data', flag('--data'));
  rmSync(flag('--data') + '/index', { recursive: true });
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(flag('--database').slice('sqlite://'.length));
  database.exec('DELETE FROM django_session');
  {{restore}}
  database.close();
}
`;

function play(defects: { backup?: string; restore?: string } = {}): { code: number; text: string } {
  const cliPath = join(scratch(), 'main.mjs');
  const script = STAND_IN.replace('{{backup}}', defects.backup ?? '').replace(
    '{{restore}}',
    defects.restore ?? '',
  );
  writeFileSync(cliPath, script);
  const lines: string[] = [];
  const code = runDemo({ cliPath, documents: 40, print: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

test('shows the commands and says what was proved', () => {
  const { code, text } = play({ backup: 'process.exitCode = 3;' });
  expect(text).toContain(
    '$ dms-backup --app paperless --config instance/config/paperless.conf ./archives\n',
  );
  expect(text).toMatch(
    /^\$ dms-backup restore archives\/sample --app paperless --database sqlite:\/\/\/.* --yes$/m,
  );
  expect(text).toMatch(
    /43 of 43 documents and versions restored, 73 tables and [\d,]+ rows equal, \d+ files equal/,
  );
  expect(text).toContain('the rows of django_session; 2 derived or temporary files');
  expect(text).toContain(
    "1 thumbnail was missing in the source and is named in the archive's seal.",
  );
  expect(code).toBe(0);
});

test.each([
  [
    'a lost row',
    "database.exec('DELETE FROM documents_note WHERE id = 1');",
    'database: table documents_note: ',
  ],
  ['a lost file', "rmSync(flag('--media') + '/documents/originals/0000002.pdf');", 'document 2 '],
  [
    'a lost time',
    "execFileSync('touch', [flag('--media') + '/media.lock']);",
    'media: media.lock: mtime',
  ],
  [
    'an undeclared loss',
    "rmSync(flag('--data') + '/scripts', { recursive: true });",
    'data: scripts/post-consume.sh: file is missing',
  ],
])('notices %s', (_, restore, expected) => {
  const { code, text } = play({ restore });
  expect(text).toContain('NOT EQUAL');
  expect(text).toContain(expected);
  expect(code).toBe(1);
});

test('notices a changed source, a shown secret, a failed command', () => {
  const changed = play({
    backup: "execFileSync('touch', ['instance/media/documents/originals/0000002.pdf']);",
  });
  expect(changed.text).toContain('source: documents/originals/0000002.pdf: mtime');
  const secret =
    "console.error(execFileSync('cat', ['instance/config/paperless.conf'], { encoding: 'utf8' }));";
  expect(play({ backup: secret }).text).toContain("the secret 'secretKey'");
  const failed = play({ backup: 'process.exitCode = 30;' });
  expect(failed.text).toContain('FAILED: dms-backup --app paperless');
  expect(failed.text).toContain('exit code 30');
  expect(failed.code).toBe(1);
  expect(play({ backup: "console.log('more')" }).text).toContain('nothing else on stdout');
});

test('says how to build a tool that is not there', () => {
  const lines: string[] = [];
  expect(runDemo({ cliPath: '/nonexistent/main.js', print: (line) => lines.push(line) })).toBe(1);
  expect(lines.join()).toContain('pnpm build');
});
