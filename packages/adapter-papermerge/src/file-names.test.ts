import { expect, test } from 'vitest';
import { identifier, integerPath, numberedPath, versionPath } from './file-names.ts';

test('UUIDs in the form of paths, whatever the engine has', () => {
  const dashed = 'd77956aa-f6a3-420d-8296-9cfe523508be';
  for (const value of [dashed, dashed.replaceAll('-', ''), dashed.toUpperCase()]) {
    expect(identifier(value)).toBe(dashed);
  }
  expect(identifier(27)).toBe('27');
  expect(identifier(null)).toBe('');
  expect(identifier('../etc')).toBe('../etc');
});

test('paths of the generations', () => {
  expect(integerPath('2', '13', 0, 'a.pdf').path).toBe('docs/user_2/document_13/a.pdf');
  expect(integerPath('2', '13', 1, 'a.pdf').path).toBe('docs/user_2/document_13/v1/a.pdf');
  expect(numberedPath('u', 'd', '2', 'a.pdf').path).toBe('docs/user_u/document_d/v2/a.pdf');
  expect(versionPath('d77956aa-f6a3', 'ü "1"\\.pdf')).toEqual({
    path: 'docvers/d7/79/d77956aa-f6a3/ü "1"\\.pdf',
    inside: true,
  });
});

test.each(['', '.', '..', '../x.pdf', '/etc/passwd', 'a/b.pdf', 'a\0.pdf'])(
  'the name %j is never followed',
  (name) => {
    for (const found of [
      integerPath('1', '2', 0, name),
      numberedPath('u', 'd', '1', name),
      versionPath('abcdef', name),
    ]) {
      expect(found.inside).toBe(false);
      const parts = found.path.split('/');
      expect(parts).toContain('(unsafe name)');
      expect(parts.every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true);
      expect(found.path).not.toContain('\0');
    }
  },
);

test('nor are ids and numbers', () => {
  expect(versionPath('../../etc/passwd', 'a.pdf').inside).toBe(false);
  expect(versionPath('', 'a.pdf').inside).toBe(false);
  expect(numberedPath('x/../..', 'd', '1', 'a.pdf').inside).toBe(false);
  expect(numberedPath('u', 'd', '1/../../..', 'a.pdf').inside).toBe(false);
  expect(integerPath('1/../..', '2', 0, 'a.pdf').inside).toBe(false);
});
