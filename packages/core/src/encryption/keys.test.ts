// What is encrypted is told from its first bytes; what is not must never be taken for it.

import { describe, expect, test } from 'vitest';
import { asksForPassphrase, encryptionMagicBytes, encryptionOf } from './keys.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('the first bytes', () => {
  test.each([
    ['age', Buffer.from('age-encryption.org/v1\n-> X25519 ...'), 'age'],
    ['age, armoured', Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\nYWdl'), 'age'],
    ['another version of age', Buffer.from('age-encryption.org/v2\n'), undefined],
    ['gpg, armoured', Buffer.from('-----BEGIN PGP MESSAGE-----\n\nhQ'), 'gpg'],
    ['a key of gpg', Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----\n'), undefined],
    // heads as gpg 2.2.40 and 2.4.5 write them
    ['RSA, two bytes of length', hex('85 01 8c 03 87 e8 34 b5'), 'gpg'],
    ['elliptic curve, one byte of length', hex('84 5e 03 87 e8 34 b5 b4'), 'gpg'],
    ['a passphrase', hex('8c 0d 04 09 03 02 70 67'), 'gpg'],
    ['new heads, a key', hex('c1 c1 4c 03 2d 6e 91 b1'), 'gpg'],
    ['new heads, a passphrase for AEAD', hex('c3 3d 05 07 02 03 08 aa'), 'gpg'],
    ['version 6', hex('c1 ff 00 00 01 00 06 21'), 'gpg'],
    ['content that is only packed', hex('a3 01 5b 83 c9 88'), undefined],
    ['zstd', hex('28 b5 2f fd 04 58 00 00'), undefined],
    ['gzip', hex('1f 8b 08 04 00 00 00 00'), undefined],
    ['tar', Buffer.from('README.txt\0\0\0'), undefined],
    ['a JPEG', hex('ff d8 ff e0 00 10'), undefined],
    ['a PNG', hex('89 50 4e 47 0d 0a'), undefined],
    ['a key packet of another version', hex('84 5e 02 87 e8 34'), undefined],
    ['one byte', hex('85'), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('%s', (_, bytes, method) => {
    expect(encryptionOf(bytes)).toBe(method);
    expect(encryptionOf(bytes.subarray(0, encryptionMagicBytes))).toBe(method);
  });

  test('tell whether a passphrase is wanted first', () => {
    expect(asksForPassphrase(hex('8c 0d 04 09 03 02'))).toBe(true);
    expect(asksForPassphrase(hex('84 5e 03 87 e8 34'))).toBe(false);
    expect(asksForPassphrase(Buffer.from('-----BEGIN PGP MESSAGE-----'))).toBe(false);
  });
});
