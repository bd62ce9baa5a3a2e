import { describe, expect, test } from 'vitest';
import { readAssignments } from './python-assignments.ts';

function valuesOf(text: string): Record<string, unknown> {
  return Object.fromEntries(readAssignments(text).values);
}

test('plain values, as the shipped file has them', () => {
  const text = [
    '# Papermerge',
    'DBTYPE = "pg"   # PostgreSQL',
    "DBHOST='127.0.0.1'",
    'DBPORT = 5432',
    'OCR = True',
    'NOTHING = None',
    'MEDIA_DIR = r"C:\\media"',
    'NAME: str = "typed"',
    'A = "one"; B = "two"',
    'JOINED = "/opt" "/media"',
    "PLACE = ('/in/parentheses')",
    'LONG = """a',
    'b"""',
    'CONTINUED = \\',
    '  "next line"',
  ].join('\n');
  expect(valuesOf(text)).toEqual({
    DBTYPE: 'pg',
    DBHOST: '127.0.0.1',
    DBPORT: 5432,
    OCR: true,
    NOTHING: null,
    MEDIA_DIR: 'C:\\media',
    NAME: 'typed',
    A: 'one',
    B: 'two',
    JOINED: '/opt/media',
    PLACE: '/in/parentheses',
    LONG: 'a\nb',
    CONTINUED: 'next line',
  });
});

test('collections, comments and strings hide no assignments', () => {
  const text = [
    'OCR_LANGUAGES = {',
    '    "deu": "Deutsch", # MEDIA_DIR = "/comment"',
    '}',
    'TEXT = "MEDIA_DIR = \\"/string\\" # no comment"',
    'DOC = """',
    'MEDIA_DIR = "/docstring"',
    '"""',
    'MEDIA_DIR = "/real"',
  ].join('\r\n');
  const { values, unclear } = readAssignments(text);
  expect(values.get('MEDIA_DIR')).toBe('/real');
  expect(values.get('TEXT')).toBe('MEDIA_DIR = "/string" # no comment');
  expect([...unclear]).toEqual(['OCR_LANGUAGES']);
});

describe('what is not data is named and never guessed', () => {
  test.each([
    'MEDIA_DIR = os.path.join(BASE, "media")',
    'MEDIA_DIR = "/a" + "/b"',
    'MEDIA_DIR = f"/srv/{name}"',
    'MEDIA_DIR = b"/srv"',
    'MEDIA_DIR = OTHER',
    'MEDIA_DIR = ["/srv"]',
    'MEDIA_DIR = ',
    'MEDIA_DIR += "/more"',
    'if True:\n    MEDIA_DIR = "/conditional"',
    'MEDIA_DIR = "/first"\nMEDIA_DIR = compute()',
    'MEDIA_DIR = "/first" if x else "/second"',
    '  MEDIA_DIR = "/a"; OTHER = "/b"',
  ])('%s', (text) => {
    const { values, unclear } = readAssignments(text);
    expect(values.has('MEDIA_DIR')).toBe(false);
    expect(unclear.has('MEDIA_DIR')).toBe(true);
  });
});

test('a semicolon behind a condition starts no assignment', () => {
  expect(readAssignments('if x: A = 1; MEDIA_DIR = "/b"').values.size).toBe(0);
});

test('the last assignment counts', () => {
  const { values, unclear } = readAssignments('A = f()\nA = "plain"\nB = 1\nB = 2');
  expect([...values]).toEqual([
    ['A', 'plain'],
    ['B', 2],
  ]);
  expect(unclear.size).toBe(0);
});

test('escapes', () => {
  expect(valuesOf(String.raw`A = "a\tb\\c\x41\u00fc\101\q\'"`)['A']).toBe("a\tb\\cAüA\\q'");
  expect(valuesOf(String.raw`A = "\U0001F600\UFFFFFFFF"`)['A']).toBe('😀\\UFFFFFFFF');
});

test.each([
  'A = "open\nB = 1',
  "A = '''never closed\nB = 2",
  '))))\nB = 3',
  '\u0000\uFEFFB == 4',
  '',
])('broken text %j ends without harm', (text) => {
  expect(() => readAssignments(text)).not.toThrow();
});

test('a line that is not closed ends with the line', () => {
  expect(valuesOf('A = "open\nB = 1')).toEqual({ B: 1 });
});

test('names of objects do no harm', () => {
  expect(valuesOf('__proto__ = "x"\nconstructor = toString')).toEqual(
    Object.fromEntries([['__proto__', 'x']]),
  );
});
