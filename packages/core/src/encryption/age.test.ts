// age archives against the program age of the system, in both directions; whatever is cut or changed is noticed.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  makeAgeKey,
  runAge,
  runAgeWithPassphrase,
  type AgeKey,
} from '@dms-backup/test-fixtures/keys';
import { caught, rejection } from '../../test/caught.ts';
import { createMemorySink } from '../../test/memory-sink.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { DmsBackupError } from '../errors.ts';
import { decryptRange, describeAge, openAge, type AgePayload } from './age-reader.ts';
import { createAgeSink } from './age-sink.ts';
import type { Encryption, Keys } from './keys.ts';

const chunk = 64 * 1024;
const sealed = chunk + 16;

let alice: AgeKey;
let bob: AgeKey;
let eve: AgeKey;
beforeAll(() => {
  [alice, bob, eve] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
});

const keysOf = (...identities: string[]): Keys => ({ identities });
const passphraseKeys = (passphrase: string | undefined): Keys => ({
  identities: [],
  passphrase: async () => passphrase,
});

/** Bytes that repeat nowhere nearby. */
function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  return bytes;
}

/** Encrypts in writes of the given size. */
async function encrypt(
  plain: Buffer,
  encryption: Pick<Encryption, 'recipients' | 'passphrase'>,
  writeBytes = 100_000,
): Promise<Buffer> {
  const inner = createMemorySink();
  const sink = await createAgeSink(inner, encryption);
  for (let at = 0; at < plain.length; at += writeBytes)
    await sink.write(plain.subarray(at, at + writeBytes));
  await sink.commit();
  expect(inner.state).toBe('committed');
  return inner.bytes();
}

const reader = (file: Buffer) => (position: number, length: number) =>
  file.subarray(position, position + length);

function open(file: Buffer, keys: Keys): Promise<AgePayload> {
  return openAge(reader(file), file.length, keys);
}

async function decrypt(file: Buffer, keys: Keys): Promise<Buffer> {
  const payload = await open(file, keys);
  return decryptRange(payload, reader(file), 0, payload.plainBytes);
}

function withFile(text: string): string {
  const path = join(scratchDirectory(), 'file');
  writeFileSync(path, text);
  return path;
}

describe('sizes', () => {
  const sizes = [0, 1, 65535, 65536, 65537, 131072, 200_000, 9_000_001];

  test.each(sizes)('%i bytes of ours are read by age, and by us', async (size) => {
    const plain = content(size);
    const file = await encrypt(plain, { recipients: [alice.recipient] });
    expect(runAge(['--decrypt', '-i', withFile(alice.identity)], file).equals(plain)).toBe(true);
    expect((await decrypt(file, keysOf(alice.identity))).equals(plain)).toBe(true);
  });

  test.each(sizes)('%i bytes of age are read by us', async (size) => {
    const plain = content(size);
    const file = runAge(['--encrypt', '-r', alice.recipient], plain);
    expect((await decrypt(file, keysOf(alice.identity))).equals(plain)).toBe(true);
  });

  test.each([1, 7777, 65535, 65536, 65537, 1_000_000])(
    'writes of %i bytes make the same content',
    async (writeBytes) => {
      const plain = content(writeBytes === 1 ? 70_000 : 400_000);
      const file = await encrypt(plain, { recipients: [alice.recipient] }, writeBytes);
      expect((await decrypt(file, keysOf(alice.identity))).equals(plain)).toBe(true);
    },
  );

  test('the sink below gets few large pieces, and nothing before the first is full', async () => {
    const inner = createMemorySink();
    const sink = await createAgeSink(inner, { recipients: [alice.recipient] });
    expect(inner.pieces).toEqual([]);
    const plain = content(1 << 20);
    for (let at = 0; at < 20; at++) await sink.write(plain);
    await sink.commit();
    expect(inner.pieces.length).toBeLessThanOrEqual(6);
    expect(Math.max(...inner.pieces)).toBeLessThanOrEqual(64 * sealed);
  });

  test('a sink that is given up gives up the one below; its errors come through', async () => {
    const inner = createMemorySink(() => new DmsBackupError('no-space', 'full'));
    const sink = await createAgeSink(inner, { recipients: [alice.recipient] });
    expect((await rejection(sink.write(content(5_000_000)))).code).toBe('no-space');
    await sink.discard();
    expect(inner.state).toBe('discarded');
  });
});

describe('keys', () => {
  test('each of several recipients opens it, with us and with age', async () => {
    const plain = content(100_000);
    const file = await encrypt(plain, { recipients: [alice.recipient, bob.recipient] });
    for (const { identity } of [alice, bob]) {
      expect((await decrypt(file, keysOf(eve.identity, identity))).equals(plain)).toBe(true);
      expect(runAge(['-d', '-i', withFile(identity)], file).equals(plain)).toBe(true);
    }
    expect(await describeAge(file)).toEqual([{ kind: 'age key', count: 2 }]);
    expect((await rejection(open(file, keysOf(eve.identity)))).code).toBe('wrong-key');
  });

  test('several identities in one file, with comments and empty lines', async () => {
    const file = await encrypt(content(10), { recipients: [bob.recipient] });
    const text = `# both\r\n\r\n${alice.identity}\n   ${bob.identity}\n`;
    expect(await decrypt(file, keysOf(text))).toEqual(content(10));
  });

  test('a post-quantum key', async () => {
    const identity = await generateHybridIdentity();
    const recipient = await identityToRecipient(identity);
    const file = await encrypt(content(70_000), { recipients: [recipient] });
    expect(await decrypt(file, keysOf(alice.identity, identity))).toEqual(content(70_000));
    expect((await rejection(open(file, keysOf(alice.identity)))).code).toBe('wrong-key');
    expect(await describeAge(file)).toEqual([{ kind: 'post-quantum age key', count: 1 }]);
  });

  test('without a key it says what is needed', async () => {
    const file = await encrypt(content(10), { recipients: [alice.recipient, bob.recipient] });
    const error = await rejection(open(file, keysOf()));
    expect([error.code, error.exitCode, error.message]).toEqual([
      'wrong-key',
      12,
      'the archive is encrypted for 2 age keys, and no identity was given',
    ]);
  });

  test('a passphrase of ours opens it in age', async () => {
    const plain = content(70_000);
    const file = await encrypt(plain, { recipients: [], passphrase: 'correct horse' });
    const directory = scratchDirectory();
    const [path, result] = [join(directory, 'a.age'), join(directory, 'a')];
    writeFileSync(path, file);
    runAgeWithPassphrase('correct horse', ['--decrypt', '-o', result, path]);
    expect(readFileSync(result).equals(plain)).toBe(true);
    expect(await decrypt(file, passphraseKeys('correct horse'))).toEqual(plain);
    expect(await describeAge(file)).toEqual([{ kind: 'passphrase', count: 1 }]);
  });

  test('a passphrase of age opens it here, another or none does not', async () => {
    const directory = scratchDirectory();
    const [path, result] = [join(directory, 'a'), join(directory, 'a.age')];
    writeFileSync(path, content(70_000));
    runAgeWithPassphrase('größer als', ['--encrypt', '--passphrase', '-o', result, path]);
    const file = readFileSync(result);
    expect(await decrypt(file, passphraseKeys('größer als'))).toEqual(content(70_000));
    expect((await rejection(open(file, passphraseKeys('other')))).code).toBe('wrong-key');
    const none = await rejection(open(file, passphraseKeys(undefined)));
    expect([none.code, none.message]).toEqual([
      'wrong-key',
      'the archive is encrypted with a passphrase, and none was given',
    ]);
    expect((await rejection(open(file, keysOf(alice.identity)))).code).toBe('wrong-key');
  });

  test('SSH recipients of age are told, and not opened', async () => {
    const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN';
    const file = runAge(['-r', ssh, '-r', alice.recipient], content(10));
    expect(await describeAge(file)).toEqual([
      { kind: 'SSH key', count: 1 },
      { kind: 'age key', count: 1 },
    ]);
    expect(await decrypt(file, keysOf(alice.identity))).toEqual(content(10));
  });
});

describe('what cannot be used is refused before', () => {
  const refusal = async (encryption: Pick<Encryption, 'recipients' | 'passphrase'>) => {
    const inner = createMemorySink();
    const error = await rejection(createAgeSink(inner, encryption));
    expect([error.code, inner.pieces]).toEqual(['usage', []]);
    return `${error.message} ${error.hint}`;
  };

  test('recipients', async () => {
    expect(await refusal({ recipients: [] })).toContain('needs recipients or a passphrase');
    expect(await refusal({ recipients: [], passphrase: '' })).toContain('empty');
    expect(await refusal({ recipients: [alice.recipient], passphrase: 'x' })).toContain(
      'not for both',
    );
    expect(await refusal({ recipients: ['ssh-rsa AAAA'] })).toContain('SSH key');
    expect(await refusal({ recipients: ['age1yubikey1qwerty'] })).toContain("'age1yubikey1qwerty'");
    const mistyped = `${alice.recipient.slice(0, -1)}${alice.recipient.endsWith('q') ? 'p' : 'q'}`;
    expect(await refusal({ recipients: [alice.recipient, mistyped] })).toContain(`'${mistyped}'`);
    const strong = await identityToRecipient(await generateHybridIdentity());
    expect(await refusal({ recipients: [strong, alice.recipient] })).toContain('mixed');
  });

  test('a secret key as a recipient is not shown', async () => {
    const secret = /AGE-SECRET-KEY-1\w+/.exec(alice.identity)?.[0] ?? '';
    for (const text of [secret, secret.toLowerCase()]) {
      const said = await refusal({ recipients: [text] });
      expect(said).toContain('a secret key was given');
      expect(said.toLowerCase()).not.toContain(secret.toLowerCase().slice(20));
    }
  });

  test.each([
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n', 'is an SSH key'],
    ['-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n', 'is encrypted itself'],
    ['age-encryption.org/v1\n-> scrypt x 18\n', 'is encrypted itself'],
    ['AGE-PLUGIN-YUBIKEY-1QQQQ', 'names a plugin of the age program (line 1)'],
    ['# nothing\n', 'holds no key'],
    ['# x\nAGE-SECRET-KEY-1SESAME\n', 'something else than a secret key of age (line 2)'],
    ['sesame\n', 'something else than a secret key of age (line 1)'],
  ])('the identity file %j', async (text, says) => {
    const file = await encrypt(content(1), { recipients: [alice.recipient] });
    const error = await rejection(open(file, keysOf(text)));
    expect([error.code, error.message.includes(says)]).toEqual(['usage', true]);
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toMatch(/sesame/i);
  });
});

describe('reading at any place', () => {
  test('gives what lies there, and touches only the chunks around', async () => {
    const plain = content(5 * chunk + 1234);
    const file = await encrypt(plain, { recipients: [alice.recipient] });
    const payload = structuredClone(await open(file, keysOf(alice.identity)));
    expect(payload.plainBytes).toBe(plain.length);
    const around = fc.constantFrom(0, chunk - 1, chunk, chunk + 1, 5 * chunk, plain.length);
    const place = fc.oneof(fc.integer({ min: 0, max: plain.length + 10 }), around);
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 3 * chunk }), (position, length) => {
        let taken = 0;
        const read = (at: number, count: number) => {
          taken += count;
          return reader(file)(at, count);
        };
        const found = decryptRange(payload, read, position, length);
        expect(found.equals(plain.subarray(position, position + length))).toBe(true);
        expect(taken).toBeLessThanOrEqual((Math.ceil(length / chunk) + 1) * sealed);
      }),
      { numRuns: 300 },
    );
  });
});

describe('damage', () => {
  test('a cut anywhere is found when it is opened', async () => {
    const plain = content(3 * chunk + 500);
    const file = await encrypt(plain, { recipients: [alice.recipient] });
    const start = file.indexOf('\n--- ') + 5 + 43 + 1 + 16;
    expect(file.length).toBe(start + 3 * sealed + 516);
    const borders = [0, 1, 2, 3].flatMap((index) =>
      [-17, -16, -1, 0, 1, 15, 16, 17, 1000].map((by) => start + index * sealed + by),
    );
    const inHeader = Array.from({ length: start }, (_, length) => length);
    const lengths = [...inHeader, ...borders, file.length - 1].filter((n) => n < file.length);
    for (const length of lengths) {
      const error = await rejection(open(file.subarray(0, length), keysOf(alice.identity)));
      expect([length, error.code, error.exitCode]).toEqual([length, 'archive-damaged', 20]);
    }
  });

  test('a cut of whole chunks of full size, too', async () => {
    const file = await encrypt(content(3 * chunk), { recipients: [alice.recipient] });
    const cut = file.subarray(0, file.length - sealed);
    expect((await rejection(open(cut, keysOf(alice.identity)))).code).toBe('archive-damaged');
    const longer = Buffer.concat([file, file.subarray(-sealed)]);
    expect((await rejection(open(longer, keysOf(alice.identity)))).code).toBe('archive-damaged');
  });

  test('every bit of the header', async () => {
    const file = await encrypt(content(10), { recipients: [alice.recipient] });
    const macLine = file.indexOf('\n--- ') + 1;
    const end = file.indexOf('\n', macLine) + 1;
    const codes = new Set<string>();
    for (let at = 0; at < end + 16; at++) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      const { code } = await rejection(open(damaged, keysOf(alice.identity)));
      // in the stanza it cannot be told from another's
      expect([at, code]).toEqual([
        at,
        code === 'wrong-key' && at < macLine ? 'wrong-key' : 'archive-damaged',
      ]);
      codes.add(code);
    }
    expect(codes.size).toBe(2);
  });

  test('a bit of the payload spoils its chunk, and no other', async () => {
    const plain = content(4 * chunk);
    const file = await encrypt(plain, { recipients: [alice.recipient] });
    const payload = await open(file, keysOf(alice.identity));
    for (const index of [0, 1, 2]) {
      const damaged = Buffer.from(file);
      const at = payload.payloadOffset + index * sealed + 77 * index;
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      const opened = await open(damaged, keysOf(alice.identity));
      const error = caught(() => decryptRange(opened, reader(damaged), 0, plain.length));
      expect([error.code, error.message]).toEqual([
        'archive-damaged',
        `the encrypted archive is damaged in its 64 KiB piece number ${index}`,
      ]);
      const rest = decryptRange(opened, reader(damaged), (index + 1) * chunk, chunk);
      expect(rest.equals(plain.subarray((index + 1) * chunk, (index + 2) * chunk))).toBe(true);
    }
  });

  test('chunks that changed places', async () => {
    const file = await encrypt(content(4 * chunk), { recipients: [alice.recipient] });
    const payload = await open(file, keysOf(alice.identity));
    const swapped = Buffer.from(file);
    const at = payload.payloadOffset;
    file.copy(swapped, at, at + sealed, at + 2 * sealed);
    file.copy(swapped, at + sealed, at, at + sealed);
    const error = caught(() => decryptRange(payload, reader(swapped), chunk, 10));
    expect(error.code).toBe('archive-damaged');
  });

  test('a file that is cut while it is read', async () => {
    const file = await encrypt(content(4 * chunk), { recipients: [alice.recipient] });
    const payload = await open(file, keysOf(alice.identity));
    const cut = file.subarray(0, 2 * chunk);
    const error = caught(() => decryptRange(payload, reader(cut), chunk, 2 * chunk));
    expect(error.code).toBe('archive-damaged');
  });
});

describe('hostile headers', () => {
  const stanza = (line: string) =>
    `age-encryption.org/v1\n-> ${line}\n${'A'.repeat(43)}\n--- ${'A'.repeat(43)}\n${'x'.repeat(60)}`;

  test.each([
    ['a passphrase that would cost 16 GiB', stanza('scrypt AAAAAAAAAAAAAAAAAAAAAA 24'), 'damaged'],
    [
      'one that costs more than numbers can say',
      stanza('scrypt AAAAAAAAAAAAAAAAAAAAAA 99'),
      'damaged',
    ],
    ['a work factor of nothing', stanza('scrypt AAAAAAAAAAAAAAAAAAAAAA 0'), 'damaged'],
    ['a work factor with a sign', stanza('scrypt AAAAAAAAAAAAAAAAAAAAAA +18'), 'damaged'],
    ['a salt that is too short', stanza('scrypt AAAA 1'), 'damaged'],
    [
      'two passphrases',
      stanza(
        `scrypt AAAAAAAAAAAAAAAAAAAAAA 1\n${'A'.repeat(43)}\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 1`,
      ),
      'damaged',
    ],
    ['a share that is too short', stanza('X25519 AAAA'), 'damaged'],
    ['an argument too many', stanza(`X25519 ${'A'.repeat(43)} A`), 'damaged'],
    ['an empty argument', stanza('X25519 '), 'damaged'],
    ['a share of order one', stanza(`X25519 ${'A'.repeat(43)}`), 'damaged'],
    ['kinds that nobody knows', stanza('constructor x'), 'wrong-key'],
    ['no stanza', `age-encryption.org/v1\n--- ${'A'.repeat(43)}\n${'x'.repeat(60)}`, 'wrong-key'],
    [
      'no end',
      `age-encryption.org/v1\n${`-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`.repeat(9000)}`,
      'damaged',
    ],
    ['an endless line', `age-encryption.org/v1\n-> ${'x'.repeat(1_000_000)}`, 'damaged'],
    ['another version', `age-encryption.org/v2\n--- ${'A'.repeat(43)}\n`, 'damaged'],
    ['nothing', '', 'damaged'],
  ])('%s', async (_, text, code) => {
    const keys: Keys = { identities: [alice.identity], passphrase: async () => 'x' };
    const startedAt = performance.now();
    const error = await rejection(open(Buffer.from(text), keys));
    expect(error.code).toContain(code);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test('an armoured file says what to do', async () => {
    const file = runAge(['-a', '-r', alice.recipient], content(10));
    const error = await rejection(open(file, keysOf(alice.identity)));
    expect([error.code, error.hint]).toEqual([
      'not-an-archive',
      expect.stringContaining('age --decrypt'),
    ]);
  });
});
