import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTableDigester } from './table-digest.ts';

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

test('is the hash of three hashes, with row numbers of the table', () => {
  const digester = createTableDigester();
  digester.add({
    bytes: Buffer.from('1\n2\n'),
    rows: 2,
    storage: Buffer.from(
      '{"row":0,"column":0,"storage":"text"}\n{"row":1,"column":0,"storage":"real"}\n',
    ),
  });
  digester.add({ bytes: Buffer.from('3\n'), rows: 1, generated: Buffer.from('x\n') });
  digester.add({
    bytes: Buffer.from('4\n5\n'),
    rows: 2,
    storage: Buffer.from('{"row":1,"column":0,"storage":"blob"}\n'),
  });
  const lines = [
    '{"row":0,"column":0,"storage":"text"}\n',
    '{"row":1,"column":0,"storage":"real"}\n',
    '{"row":4,"column":0,"storage":"blob"}\n',
  ];
  const digest = sha256(sha256('1\n2\n3\n4\n5\n'), sha256(...lines), sha256('x\n')).toString('hex');
  expect(digester.finish()).toEqual({ rows: 5, digest });
});

test('of a table without rows', () => {
  const empty = sha256('');
  expect(createTableDigester().finish()).toEqual({
    rows: 0,
    digest: sha256(empty, empty, empty).toString('hex'),
  });
});
