import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { openDrillLog, type DrillRecord } from './drill-log.ts';

const record: DrillRecord = {
  drilledAt: '2026-11-21T20:30:00.000Z',
  archiveId: '7c1ae440-a946-405d-ba37-78da2d65f05b',
  archive: 'a.tar.zst',
  toolVersion: '0.1.0',
  adapter: 'shoebox',
  appVersion: '1.2.3',
  engine: 'sqlite',
  restoreSeconds: 1.5,
  documents: 2,
  documentsComplete: 2,
  sampled: 2,
  sampleProblems: 0,
  findings: { error: 0, warning: 0, info: 0, omitted: 0 },
  result: 'proved',
};

function write(path: string): void {
  const log = openDrillLog(path);
  log.append(record);
  log.close();
}

test('one line each, for the owner alone; lines that are there stay', () => {
  const path = join(scratchDirectory(), 'log');
  write(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  write(path);
  const line = `${JSON.stringify(record)}\n`;
  expect(readFileSync(path, 'utf8')).toBe(line + line);
});

test('a line that was cut does not spoil the next one', () => {
  const path = join(scratchDirectory(), 'log');
  write(path);
  appendFileSync(path, '{"drilledAt":"2026');
  write(path);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[2] ?? '')).toEqual(record);
});

test('without a line a new file goes again, an old one stays', () => {
  const path = join(scratchDirectory(), 'log');
  openDrillLog(path).close();
  expect(existsSync(path)).toBe(false);
  write(path);
  openDrillLog(path).close();
  expect(existsSync(path)).toBe(true);
});

test('no line goes through a link or into a directory', () => {
  const folder = scratchDirectory();
  writeFileSync(join(folder, 'foreign'), 'foreign');
  symlinkSync('foreign', join(folder, 'link'));
  mkdirSync(join(folder, 'directory'));
  for (const name of ['link', 'directory', 'not there/log']) {
    const error = caught(() => openDrillLog(join(folder, name)));
    expect(error.code).toBe('destination-unwritable');
    expect(error.hint).toContain('beside the archive');
  }
  expect(readFileSync(join(folder, 'foreign'), 'utf8')).toBe('foreign');
});

test('the mode of a log that is there is left as it is', () => {
  const path = join(scratchDirectory(), 'log');
  write(path);
  chmodSync(path, 0o640);
  write(path);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});
