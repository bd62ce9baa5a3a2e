// Archives through the program gpg of the system, in both directions; what it refuses and what breaks on the way.

import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { makeGpgHome, type GpgHome } from '@dms-backup/test-fixtures/keys';
import { createMemorySink } from '../../test/memory-sink.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { DmsBackupError } from '../errors.ts';
import { Spool } from '../io/spool.ts';
import { decryptGpg } from './gpg-reader.ts';
import { createGpgSink } from './gpg-sink.ts';
import type { Encryption, Keys } from './keys.ts';

let ours: GpgHome;
/** A keyring with the public key of Alice, which nobody there has signed. */
let stranger: GpgHome;

beforeAll(() => {
  ours = makeGpgHome();
  ours.makeKey('alice@example.org');
  ours.makeKey('bob@example.org');
  ours.makeKey('carol@example.org', 'open sesame');
  stranger = makeGpgHome();
  stranger.run(['--import'], ours.run(['--export', 'alice@example.org']));
});
afterAll(() => {
  ours.remove();
  stranger.remove();
});
beforeEach(() => {
  vi.stubEnv('GNUPGHOME', ours.directory);
  ours.forget();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const alice = { recipients: ['alice@example.org'] };
const noKeys: Keys = { identities: [] };
const keysOf = (passphrase: string): Keys => ({
  identities: [],
  passphrase: async () => passphrase,
});

function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  return bytes;
}

async function encrypt(
  plain: Buffer,
  encryption: Pick<Encryption, 'recipients' | 'passphrase'>,
): Promise<Buffer> {
  const inner = createMemorySink();
  const sink = await createGpgSink(inner, encryption);
  for (let at = 0; at < plain.length; at += 700_000)
    await sink.write(plain.subarray(at, at + 700_000));
  await sink.commit();
  expect(inner.state).toBe('committed');
  return inner.bytes();
}

async function* inPieces(file: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += 65_536) yield file.subarray(at, at + 65_536);
}

async function decrypt(file: Buffer, keys: Keys): Promise<Buffer> {
  const spool = new Spool();
  try {
    const size = await decryptGpg(inPieces(file), keys, spool.fd);
    const plain = spool.read(0, size + 1);
    expect(plain.length).toBe(size);
    return plain;
  } finally {
    spool.close();
  }
}

describe('there and back', () => {
  test.each([0, 1, 65_536, 5_000_000])('%i bytes, with us and with gpg', async (size) => {
    const plain = content(size);
    const file = await encrypt(plain, alice);
    expect(ours.run(['--decrypt'], file).equals(plain)).toBe(true);
    expect((await decrypt(file, noKeys)).equals(plain)).toBe(true);
    const theirs = ours.run(['--encrypt', '--recipient', 'bob@example.org'], plain);
    expect((await decrypt(theirs, noKeys)).equals(plain)).toBe(true);
  });

  test('several recipients', async () => {
    const file = await encrypt(content(1000), {
      recipients: ['alice@example.org', 'bob@example.org'],
    });
    const seen = ours.run(['--list-packets', '--list-only'], file).toString();
    expect(seen.match(/:pubkey enc packet/g)).toHaveLength(2);
    expect(await decrypt(file, noKeys)).toEqual(content(1000));
  });

  test('a passphrase, long and with letters of all kinds', async () => {
    const passphrase = `größer als ${'x'.repeat(150)}`;
    const file = await encrypt(content(1000), { recipients: [], passphrase });
    const words = ['--pinentry-mode', 'loopback', '--passphrase', passphrase, '--decrypt'];
    expect(ours.run(words, file)).toEqual(content(1000));
    expect(await decrypt(file, keysOf(passphrase))).toEqual(content(1000));
  });

  test('a recipient and a passphrase: either opens it', async () => {
    const file = await encrypt(content(1000), { ...alice, passphrase: 'either' });
    expect(await decrypt(file, noKeys)).toEqual(content(1000));
    vi.stubEnv('GNUPGHOME', stranger.directory);
    expect(await decrypt(file, keysOf('either'))).toEqual(content(1000));
  });

  test('armoured text of gpg', async () => {
    const file = ours.run(['--armor', '--encrypt', '--recipient', 'alice@example.org'], content(9));
    expect(await decrypt(file, noKeys)).toEqual(content(9));
  });

  test('a secret key with a passphrase: it is asked for once, when it is needed', async () => {
    const file = await encrypt(content(1000), { recipients: ['carol@example.org'] });
    let asked = 0;
    const keys: Keys = {
      identities: [],
      passphrase: async () => {
        asked += 1;
        return 'open sesame';
      },
    };
    expect(await decrypt(file, keys)).toEqual(content(1000));
    // now the agent has it open
    expect(await decrypt(file, keys)).toEqual(content(1000));
    expect(asked).toBe(1);
  });

  test('a configuration that asks for armour and questions changes nothing', async () => {
    const configuration = join(ours.directory, 'gpg.conf');
    writeFileSync(configuration, 'armor\ncompress-algo zip\nno-batch\n');
    try {
      const file = await encrypt(content(1000), alice);
      expect(file[0]).toBeGreaterThan(127);
      expect(await decrypt(file, noKeys)).toEqual(content(1000));
    } finally {
      rmSync(configuration);
    }
  });
});

describe('what gpg refuses is refused before anything is written', () => {
  const refusal = async (encryption: Pick<Encryption, 'recipients' | 'passphrase'>) => {
    const inner = createMemorySink();
    const error = await rejection(createGpgSink(inner, encryption));
    expect([inner.pieces, inner.state]).toEqual([[], 'open']);
    return [error.code, error.message, error.hint].join('\n');
  };

  test('an unknown recipient', async () => {
    expect(await refusal({ recipients: ['alice@example.org', 'nobody@example.org'] })).toContain(
      "encryption-failed\ngpg refuses the recipient 'nobody@example.org': there is no such key",
    );
  });

  test('a key that is not trusted', async () => {
    vi.stubEnv('GNUPGHOME', stranger.directory);
    const said = await refusal(alice);
    expect(said).toContain("'alice@example.org': the key is not trusted");
    expect(said).toContain('--lsign-key');
  });

  test('a missing program', async () => {
    vi.stubEnv('PATH', scratchDirectory());
    expect(await refusal(alice)).toContain('there is no program gpg');
    const error = await rejection(decrypt(Buffer.from([0x85, 0x01, 0x8c, 0x03]), noKeys));
    expect([error.code, error.message]).toEqual([
      'encryption-failed',
      'there is no program gpg on this machine',
    ]);
  });

  test('nobody, nothing, and words that are flags', async () => {
    expect(await refusal({ recipients: [] })).toContain('usage');
    expect(await refusal({ recipients: [], passphrase: '' })).toContain('empty');
    expect(await refusal({ recipients: [], passphrase: 'a\nb' })).toContain('more than one line');
    expect(await refusal({ recipients: ['--version'] })).toContain("'--version'");
  });
});

describe('keys', () => {
  test('a secret key that is not there', async () => {
    const file = await encrypt(content(3_000_000), alice);
    vi.stubEnv('GNUPGHOME', stranger.directory);
    const error = await rejection(decrypt(file, noKeys));
    expect([error.code, error.exitCode]).toEqual(['wrong-key', 12]);
  });

  test.each(['wrong', ''])('the passphrase %j for a secret key', async (passphrase) => {
    const file = await encrypt(content(1000), { recipients: ['carol@example.org'] });
    expect((await rejection(decrypt(file, keysOf(passphrase)))).code).toBe('wrong-key');
  });

  test('a passphrase that is wrong or missing', async () => {
    const file = await encrypt(content(3_000_000), { recipients: [], passphrase: 'right' });
    expect((await rejection(decrypt(file, keysOf('wrong')))).code).toBe('wrong-key');
    const none = await rejection(decrypt(file, noKeys));
    expect([none.code, none.message]).toEqual([
      'wrong-key',
      'the archive is encrypted with a passphrase, and none was given',
    ]);
  });

  test('an error of asking for the passphrase comes through', async () => {
    const keys: Keys = {
      identities: [],
      passphrase: () => Promise.reject(new DmsBackupError('interrupted', 'no answer')),
    };
    const forCarol = await encrypt(content(10), { recipients: ['carol@example.org'] });
    expect((await rejection(decrypt(forCarol, keys))).code).toBe('interrupted');
    const symmetric = await encrypt(content(10), { recipients: [], passphrase: 'right' });
    expect((await rejection(decrypt(symmetric, keys))).code).toBe('interrupted');
  });
});

describe('damage', () => {
  let file: Buffer;
  beforeAll(async () => {
    vi.stubEnv('GNUPGHOME', ours.directory);
    file = await encrypt(content(300_000), alice);
  });

  test('cuts', async () => {
    // behind the packet with the session key
    const lengths = [420, 500, 8192, 65_536, 200_000, file.length - 20, file.length - 1];
    for (const length of lengths) {
      const error = await rejection(decrypt(file.subarray(0, length), noKeys));
      expect([length, error.code, error.exitCode]).toEqual([length, 'archive-damaged', 20]);
    }
    for (const length of [0, 1, 5, 100, 390])
      expect((await rejection(decrypt(file.subarray(0, length), noKeys))).exitCode).not.toBe(0);
  });

  test('a bit anywhere in the content, and what comes behind', async () => {
    for (const at of [500, 100_000, file.length - 25, file.length - 1]) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect([at, (await rejection(decrypt(damaged, noKeys))).code]).toEqual([
        at,
        'archive-damaged',
      ]);
    }
    const longer = Buffer.concat([file, Buffer.from('garbage')]);
    expect((await rejection(decrypt(longer, noKeys))).code).toBe('archive-damaged');
  });

  test('something that was never encrypted', async () => {
    const plain = ours.run(['--store', '--compress-algo', 'none'], content(1000));
    expect((await rejection(decrypt(plain, noKeys))).code).toBe('archive-damaged');
    expect((await rejection(decrypt(content(1000), noKeys))).code).toBe('archive-damaged');
  });
});

describe('what breaks on the way', () => {
  /** A program gpg that does the trial and then dies in the middle. */
  function dyingGpg(): string {
    const directory = mkdtempSync(join(tmpdir(), 'dying-gpg-'));
    const script = `#!/bin/sh
if [ -e ${directory}/tried ]; then head -c 1000000 >/dev/null; echo part; kill -9 $$; fi
touch ${directory}/tried
printf '[GNUPG:] BEGIN_ENCRYPTION 2 9\\n[GNUPG:] END_ENCRYPTION\\n' >&3
cat >/dev/null
`;
    writeFileSync(join(directory, 'gpg'), script, { mode: 0o755 });
    return directory;
  }

  test('gpg dies: the next write or the commit fails', async () => {
    const directory = dyingGpg();
    vi.stubEnv('PATH', `${directory}:${process.env['PATH']}`);
    const inner = createMemorySink();
    const sink = await createGpgSink(inner, alice);
    const writing = (async () => {
      for (let at = 0; at < 20; at++) await sink.write(content(1_000_000));
      await sink.commit();
    })();
    const error = await rejection(writing);
    expect([error.code, error.message]).toEqual([
      'encryption-failed',
      'gpg could not encrypt the archive (it was killed)',
    ]);
    await sink.discard();
    expect(inner.state).toBe('discarded');
    rmSync(directory, { recursive: true });
  });

  test('gpg dies after all was written: the commit fails', async () => {
    const directory = dyingGpg();
    vi.stubEnv('PATH', `${directory}:${process.env['PATH']}`);
    const inner = createMemorySink();
    const sink = await createGpgSink(inner, alice);
    await sink.write(content(1000));
    expect((await rejection(sink.commit())).code).toBe('encryption-failed');
    expect(inner.state).toBe('open');
    rmSync(directory, { recursive: true });
  });

  test('the sink below is full', async () => {
    const inner = createMemorySink(() => new DmsBackupError('no-space', 'full'));
    const sink = await createGpgSink(inner, alice);
    const writing = (async () => {
      for (let at = 0; at < 30; at++) await sink.write(content(1_000_000));
      await sink.commit();
    })();
    expect((await rejection(writing)).code).toBe('no-space');
    await sink.discard();
    expect(inner.state).toBe('discarded');
  });

  test('a sink that is given up in the middle leaves no gpg behind', async () => {
    const inner = createMemorySink();
    const sink = await createGpgSink(inner, alice);
    await sink.write(content(1_000_000));
    await sink.discard();
    expect(inner.state).toBe('discarded');
  });

  test('no room for the decrypted content', async () => {
    const file = await encrypt(content(300_000), alice);
    const fd = openSync('/dev/full', 'w');
    try {
      expect((await rejection(decryptGpg(inPieces(file), noKeys, fd))).code).toBe('no-space');
    } finally {
      closeSync(fd);
    }
  });

  test('a source that cannot be read', async () => {
    const file = await encrypt(content(3_000_000), alice);
    let closed = false;
    async function* broken() {
      try {
        yield file.subarray(0, 100_000);
        throw new DmsBackupError('server-unreachable', 'gone');
      } finally {
        closed = true;
      }
    }
    const spool = new Spool();
    expect((await rejection(decryptGpg(broken(), noKeys, spool.fd))).code).toBe(
      'server-unreachable',
    );
    expect(closed).toBe(true);
    spool.close();
  });

  test('an abort in the middle', async () => {
    const file = await encrypt(content(3_000_000), alice);
    const controller = new AbortController();
    async function* slow() {
      yield file.subarray(0, 100_000);
      controller.abort();
      yield file.subarray(100_000);
    }
    const spool = new Spool();
    const error = await rejection(decryptGpg(slow(), noKeys, spool.fd, controller.signal));
    expect(error.code).toBe('interrupted');
    spool.close();
  });
});

test('gpg has no passphrase among its arguments, and Ctrl-C at the terminal does not reach it', async () => {
  const sink = await createGpgSink(createMemorySink(), { recipients: [], passphrase: 'visible?' });
  const found = childrenNamedGpg();
  expect(found).toHaveLength(1);
  expect(found[0]?.words).toContain('--symmetric');
  expect(found[0]?.words.join(' ')).not.toContain('visible?');
  // terminals signal the group of a program
  expect(found[0]?.group).toBe(found[0]?.id);
  await sink.discard();
});

interface Child {
  readonly id: string;
  readonly words: readonly string[];
  readonly group: string | undefined;
}

function childrenNamedGpg(): Child[] {
  return readdirSync('/proc').flatMap((id) => {
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      // behind the name: state, parent, group
      const [, parent, group] = (
        /\) (.*)/.exec(readFileSync(`/proc/${id}/stat`, 'utf8'))?.[1] ?? ''
      ).split(' ');
      return words[0] === 'gpg' && parent === String(process.pid) ? [{ id, words, group }] : [];
    } catch {
      return [];
    }
  });
}
