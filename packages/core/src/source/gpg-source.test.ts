// An archive that gpg has encrypted: decrypted to a file without a name, then read as any other.

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { assembleArchive, withParts } from '../../test/assemble-archive.ts';
import { rejection } from '../../test/caught.ts';
import { makeGpgHome } from '@dms-backup/test-fixtures/keys';
import type { GpgHome } from '@dms-backup/test-fixtures/keys';
import { createMemorySink } from '../../test/memory-sink.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { walkArchive } from '../archive/walk.ts';
import { createGpgSink } from '../encryption/gpg-sink.ts';
import { openNamedArchive } from '../named-archive.ts';

let home: GpgHome;
beforeAll(() => {
  home = makeGpgHome();
  vi.stubEnv('GNUPGHOME', home.directory);
});
afterAll(() => {
  vi.unstubAllEnvs();
  home.remove();
});

async function encrypted(): Promise<string> {
  const parts = withParts({ path: 'media/files/a', content: randomBytes(5_000_000) });
  const sink = createMemorySink();
  const outer = await createGpgSink(sink, { recipients: [], passphrase: 'correct' });
  await outer.write(readFileSync(assembleArchive(scratchDirectory(), { parts })));
  await outer.commit();
  const path = join(scratchDirectory(), 'archive.tar.zst.gpg');
  writeFileSync(path, sink.bytes());
  return path;
}

async function prove(archive: string, passphrase: string): Promise<number> {
  const keys = { identities: [], passphrase: () => Promise.resolve(passphrase) };
  const { reader, encryption, close } = await openNamedArchive({
    archive,
    workingDirectory: '/',
    keys,
  });
  try {
    expect(encryption).toEqual({ method: 'gpg', openedBy: [] });
    return (await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 2 })).media.files;
  } finally {
    await close();
  }
}

test('is proved whole; a wrong passphrase and damage are told apart', async () => {
  const archive = await encrypted();
  expect(await prove(archive, 'correct')).toBe(1);
  expect((await rejection(prove(archive, 'wrong'))).code).toBe('wrong-key');
  const bytes = readFileSync(archive);
  writeFileSync(archive, bytes.subarray(0, -500));
  expect((await rejection(prove(archive, 'correct'))).code).toBe('archive-damaged');
});
