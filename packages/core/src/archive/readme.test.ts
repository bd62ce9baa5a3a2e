// README.txt tells how to get everything back; what it says about the archive is what the manifest says.

import { expect, test } from 'vitest';
import { manifest } from '../../test/assemble-archive.ts';
import { readmeText } from './readme.ts';

test('names application, version, time, roots and database', () => {
  const database = { engine: 'sqlite', engineVersion: '3.50.0', encoding: 'UTF-8' };
  const text = readmeText({
    ...manifest,
    database,
    roots: [...manifest.roots, { name: 'data', directory: '/srv/data' }],
  });
  expect(text).toContain(
    'This is an archive of Shoebox 1.2.3, made on 2026-11-21T03:15:00Z by dms-backup 0.1.0.',
  );
  expect(text).toContain('npx dms-backup restore THIS-FILE --app shoebox');
  expect(text).toContain('tar --zstd -xf THIS-FILE');
  expect(text).toMatch(/^ +files: \/srv\/files\n +data: \/srv\/data\n {4}database/m);
  expect(text).toContain('tables and columns (from sqlite 3.50.0)');
});

test('says what is not known', () => {
  const stamp = { ...manifest.stamp, appVersion: null };
  expect(readmeText({ ...manifest, stamp, roots: [] })).toContain(
    'of Shoebox of an unknown version, made',
  );
  const range = { from: '1.0', to: '1.9' };
  expect(readmeText({ ...manifest, stamp: { ...stamp, range } })).toContain(
    'of Shoebox 1.0 to 1.9, made',
  );
  expect(readmeText(manifest)).toContain('tables and columns\n');
});
