// Names in the tree: each once, for people on every system, in any number.

import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TreeNames } from './tree-names.ts';

function opened(): TreeNames {
  const names = new TreeNames();
  onTestFinished(() => names.close());
  return names;
}

describe('documents', () => {
  test('of the same title are numbered, before the extension', () => {
    const names = opened();
    const take = (name: string) => names.document('tree/a', name, '.pdf');
    expect([take('x'), take('x'), take('x'), take('y')]).toEqual([
      'tree/a/x.pdf',
      'tree/a/x (2).pdf',
      'tree/a/x (3).pdf',
      'tree/a/y.pdf',
    ]);
  });

  test('that differ only in case or extension meet only where a system would confuse them', () => {
    const names = opened();
    expect(names.document('tree', 'Größe', '.pdf')).toBe('tree/Größe.pdf');
    expect(names.document('tree', 'GRÖSSE', '.PDF')).toBe('tree/GRÖSSE.PDF');
    expect(names.document('tree', 'GRÖßE', '.PDF')).toBe('tree/GRÖßE (2).PDF');
    expect(names.document('tree', 'größe', '.txt')).toBe('tree/größe.txt');
  });

  test('that are called like a number of another are numbered on', () => {
    const names = opened();
    const take = (name: string) => names.document('tree', name, '');
    expect([take('x (2)'), take('x'), take('x'), take('x (2)'), take('x')]).toEqual([
      'tree/x (2)',
      'tree/x',
      'tree/x (3)',
      'tree/x (2) (2)',
      'tree/x (4)',
    ]);
  });

  test('of one title may be very many', () => {
    const names = opened();
    const before = performance.now();
    for (let number = 1; number <= 20_000; number++) names.document('tree/owner', 'Scan', '.pdf');
    expect(names.document('tree/owner', 'Scan', '.pdf')).toBe('tree/owner/Scan (20001).pdf');
    // each looking at all before it would take minutes
    expect(performance.now() - before).toBeLessThan(20_000);
  });
});

describe('folders', () => {
  test('of the same parts are the same', () => {
    const names = opened();
    expect(names.folder(['tree', 'anna', 'bills'])).toBe('tree/anna/bills');
    expect(names.folder(['tree', 'anna', 'bills'])).toBe('tree/anna/bills');
    expect(names.folder(['tree', 'anna'])).toBe('tree/anna');
  });

  test('that differ in case are different, and stay so', () => {
    const names = opened();
    expect(names.folder(['tree', 'Anna'])).toBe('tree/Anna');
    expect(names.folder(['tree', 'anna', 'x'])).toBe('tree/anna (2)/x');
    expect(names.folder(['tree', 'Anna', 'x'])).toBe('tree/Anna/x');
    expect(names.folder(['tree', 'anna'])).toBe('tree/anna (2)');
  });

  test('never stand where a document is, nor documents where a folder is', () => {
    const names = opened();
    expect(names.document(names.folder(['tree', 'a']), 'b', '')).toBe('tree/a/b');
    expect(names.folder(['tree', 'a', 'b', 'c'])).toBe('tree/a/b (2)/c');
    expect(names.document('tree/a', 'b (2)', '')).toBe('tree/a/b (2) (2)');
  });
});

test('whatever they are called, no path is given to two, and none lies below a document', () => {
  const part = fc.constantFrom('a', 'A', 'b', 'a (2)', 'A (2)', 'a (2) (2)', 'ß', 'SS');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(part, { maxLength: 3 }), part), { maxLength: 15 }),
      (wanted) => {
        const names = new TreeNames();
        const documents = new Set<string>();
        const folders = new Map<string, string>();
        for (const [parts, title] of wanted) {
          const folder = names.folder(['tree', ...parts]);
          expect(folders.get(folder) ?? parts.join('/')).toBe(parts.join('/'));
          folders.set(folder, parts.join('/'));
          const path = names.document(folder, title, '').toLowerCase();
          expect(documents.has(path)).toBe(false);
          documents.add(path);
        }
        for (const folder of folders.keys()) {
          for (const document of documents)
            expect(`${folder.toLowerCase()}/`.startsWith(`${document}/`)).toBe(false);
        }
        names.close();
      },
    ),
  );
});
