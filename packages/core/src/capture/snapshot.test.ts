// What an adapter says about a snapshot is checked on the way in.

import { expect, onTestFinished, test } from 'vitest';
import { rejection } from '../../test/caught.ts';
import { instanceOf, noDatabase, referenceTo, shoebox, stamp } from '../../test/shoebox.ts';
import type { FileReference, Stamp } from '../adapter.ts';
import { BackupLedger } from './ledger.ts';
import { readReferences, readStamp, versionText } from './snapshot.ts';

const instance = instanceOf([]);

test('the stamp comes back as the adapter gave it', async () => {
  expect(await readStamp(shoebox(), noDatabase, instance)).toEqual(stamp);
});

test('a stamp that is none is refused', async () => {
  const broken = { ...stamp, migrations: undefined } as unknown as Stamp;
  const error = await rejection(
    readStamp(shoebox({ stamp: () => Promise.resolve(broken) }), noDatabase, instance),
  );
  expect([error.code, error.message]).toEqual([
    'adapter-invalid',
    "adapter 'shoebox' returned something else than `stamp` promises (migrations: invalid_type)",
  ]);
});

function referencing(...references: unknown[]): ReturnType<typeof shoebox> {
  return shoebox({
    async *references() {
      for (const each of references) yield await Promise.resolve(each as FileReference);
    },
  });
}

test('references take the place of earlier ones', async () => {
  const ledger = new BackupLedger();
  onTestFinished(() => ledger.close());
  await readReferences(
    referencing(referenceTo('a'), referenceTo('b')),
    noDatabase,
    instance,
    ledger,
  );
  await readReferences(referencing(referenceTo('c')), noDatabase, instance, ledger);
  expect([...ledger.exceptions()].map(({ path }) => path)).toEqual(['c']);
});

test('a reference that is none is refused, without its content', async () => {
  const ledger = new BackupLedger();
  onTestFinished(() => ledger.close());
  const error = await rejection(
    readReferences(
      referencing({ ...referenceTo('secret name'), sizeBytes: -1 }),
      noDatabase,
      instance,
      ledger,
    ),
  );
  expect(error.code).toBe('adapter-invalid');
  expect(error.message).toContain('`references` promises (sizeBytes: too_small)');
  expect(error.message).not.toContain('secret');
});

test.each([
  [{ appVersion: '2.1' }, '2.1'],
  [{ appVersion: '2.1', range: { from: '2.0', to: '2.9' } }, '2.1'],
  [{ appVersion: null }, 'unknown'],
  [{ appVersion: null, range: { from: '2.0', to: '2.9' } }, '2.0-2.9'],
  [{ appVersion: null, range: { from: '2.0', to: '2.0' } }, '2.0'],
])('the version %o is %s in file names', (more, text) => {
  expect(versionText({ ...stamp, ...more })).toBe(text);
});
