// Encrypted archives: opened with a key from near and far, read by threads, and refused without one.

import { readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { assembleArchive, withParts } from '../../test/assemble-archive.ts';
import { rejection } from '../../test/caught.ts';
import { createMemorySink } from '../../test/memory-sink.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { openArchive } from '../archive/reader.ts';
import { walkArchive } from '../archive/walk.ts';
import { createAgeSink } from '../encryption/age-sink.ts';
import type { Encryption, Keys } from '../encryption/keys.ts';
import { findArchive, openNamedArchive } from '../named-archive.ts';
import { openEncrypted } from './plain-source.ts';
import { RemoteSource } from './remote-source.ts';

const parts = withParts(
  ...Array.from({ length: 8 }, (_, number) => ({
    path: `media/files/${number}`,
    content: randomBytes(700_000),
    newFrame: true,
  })),
);
let identity: string;
let recipient: string;
beforeAll(async () => {
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
});

async function encrypted(encryption: Encryption): Promise<string> {
  const plain = readFileSync(assembleArchive(scratchDirectory(), { parts }));
  const sink = createMemorySink();
  const outer = await createAgeSink(sink, encryption);
  await outer.write(plain);
  await outer.commit();
  const path = join(scratchDirectory(), `archive.${encryption.method}`);
  writeFileSync(path, sink.bytes());
  return path;
}

async function prove(archive: string, keys: Keys): Promise<number> {
  const opened = await openNamedArchive({ archive, workingDirectory: '/', keys });
  try {
    const options = { wish: () => ({ do: 'prove' }) as const, threads: 2 };
    return (await walkArchive(opened.reader, options)).media.files;
  } finally {
    await opened.close();
  }
}

describe('age', () => {
  test('is proved whole by threads', async () => {
    const archive = await encrypted({ method: 'age', recipients: [recipient] });
    expect(await prove(archive, { identities: [identity] })).toBe(8);
  });

  test('from far away gives one entry without the rest being read', async () => {
    const file = readFileSync(await encrypted({ method: 'age', recipients: [recipient] }));
    let given = 0;
    const remote = new RemoteSource('far away', {
      sizeBytes: file.length,
      read: (position, lengthBytes) => {
        given += lengthBytes;
        return Promise.resolve(Buffer.from(file.subarray(position, position + lengthBytes)));
      },
    });
    const reader = await openArchive(
      await openEncrypted(remote, 'age', { identities: [identity] }),
    );
    onTestFinished(() => reader.close());
    const entry = [...reader.entries()].find(({ pathBytes }) =>
      pathBytes.toString().endsWith('/5'),
    )!;
    expect((await reader.loadContent(entry)).length).toBe(700_000);
    expect(given).toBeLessThan(file.length / 2);
    expect(
      (await walkArchive(reader, { wish: () => ({ do: 'prove' }), threads: 2 })).media.files,
    ).toBe(8);
  });

  test('says without a key what opens it', async () => {
    const other = await identityToRecipient(await generateX25519Identity());
    const archive = await encrypted({ method: 'age', recipients: [recipient, other] });
    const stored = await findArchive({ archive, workingDirectory: '/' });
    onTestFinished(() => stored.close());
    expect(stored.encryption).toEqual({ method: 'age', openedBy: [{ kind: 'age key', count: 2 }] });
    expect((await rejection(stored.open())).code).toBe('wrong-key');
  });

  test('with another key is refused, and damage is told from it', async () => {
    const archive = await encrypted({ method: 'age', recipients: [recipient] });
    const other = { identities: [await generateX25519Identity()] };
    expect((await rejection(prove(archive, other))).code).toBe('wrong-key');
    const bytes = readFileSync(archive);
    bytes[3_000_000] = bytes[3_000_000]! ^ 1;
    writeFileSync(archive, bytes);
    const damaged = await rejection(prove(archive, { identities: [identity] }));
    expect(damaged.code).toBe('archive-damaged');
    writeFileSync(archive, bytes.subarray(0, -100));
    const cut = await rejection(prove(archive, { identities: [identity] }));
    expect(cut.code).toBe('archive-damaged');
  });
});
