import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { pythonText, registerFunctions } from './functions.ts';
import { translatePythonPattern } from './python-pattern.ts';

function database(): DatabaseSync {
  const opened = new DatabaseSync(':memory:');
  registerFunctions(opened);
  return opened;
}

describe('REGEXP', () => {
  test.each([
    [`'EUR12.50' REGEXP '^\\d+'`, 0],
    [`'12.50' REGEXP '^\\d+'`, 1],
    [`'٣٤' REGEXP '^\\d+'`, 1],
    [`NULL REGEXP 'a'`, null],
    [`'a' REGEXP NULL`, null],
    [`1 REGEXP '^1$'`, 1],
    [`9223372036854775807 REGEXP '^9223372036854775807$'`, 1],
    [`1.0 REGEXP '^1\\.0$'`, 1],
    [`x'ff41' REGEXP '^b''.xffA''$'`, 1],
    [`'A' REGEXP 'a'`, 0],
    [`'A' REGEXP '(?i)a'`, 1],
    [`'' REGEXP ''`, 1],
    [`('a' || char(0) || 'b') REGEXP '^a.b$'`, 1],
  ])('%s is %s', (expression, result) => {
    expect(database().prepare(`SELECT ${expression} AS r`).get()?.['r']).toBe(result);
  });

  test('is deterministic, as generated columns and indexes demand', () => {
    const opened = database();
    opened.exec(
      "CREATE TABLE t (a, b GENERATED ALWAYS AS (a REGEXP '^x') STORED); CREATE INDEX i ON t (a REGEXP 'y')",
    );
    opened.exec("INSERT INTO t (a) VALUES ('xy'), (NULL), ('z')");
    expect(
      opened
        .prepare('SELECT b FROM t')
        .all()
        .map((row) => row['b']),
    ).toEqual([1, null, 0]);
  });

  test('names the pattern that it cannot use', () => {
    expect(() => database().prepare("SELECT 'a' REGEXP '(a'").get()).toThrow(
      expect.objectContaining({ code: 'database-unsupported' }),
    );
    expect(() => database().prepare("SELECT 'a' REGEXP 1").get()).toThrow('not text');
  });
});

// Expected values: Python 3.11.
test.each([
  [1, '1.0'],
  [-0, '-0.0'],
  [0.1, '0.1'],
  [1e15, '1000000000000000.0'],
  [1e16, '1e+16'],
  [1.5e300, '1.5e+300'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [5e-324, '5e-324'],
  [Infinity, 'inf'],
  [-Infinity, '-inf'],
  [12n, '12'],
  ['x', 'x'],
  [Buffer.from("a'\\\t\n\r\x01\xe9", 'latin1'), String.raw`b"a'\\\t\n\r\x01\xe9"`],
  [Buffer.from(`'"`), String.raw`b'\'"'`],
])('Python writes %s as %s', (value, text) => {
  expect(pythonText(value)).toBe(text);
});

describe('translatePythonPattern', () => {
  // pattern, texts that re.search() of Python 3.11 finds, texts that it does not find
  test.each<[string, string[], string[]]>([
    ['^a$', ['a', 'a\n'], ['a\n\n', 'ba', '\na']],
    ['(?m)^a$', ['b\na\nc'], ['b\r\na\r\n', 'xa']],
    [String.raw`\Aa\Z`, ['a'], ['a\n']],
    ['a.c', ['abc', 'a\rc', 'a\u2028c', 'a😀c'], ['a\nc']],
    ['(?s)a.c', ['a\nc'], ['ac']],
    [String.raw`^\d+$`, ['12', '٣', '１'], ['', '²', 'Ⅷ', 'a']],
    [String.raw`(?a)^\d+$`, ['12'], ['٣']],
    [String.raw`^\w+$`, ['aÖ_9', '²Ⅷ', '漢'], ['-', 'e\u0301', '\u200d']],
    [String.raw`^\s$`, ['\u00a0', '\x1c', '\x85', '\u3000'], ['\ufeff', 'a', '\u200b']],
    [String.raw`^\S\W\D$`, ['a-b'], ['ab1']],
    [String.raw`\bü\b`, ['a ü b', 'ü'], ['aü', 'üb']],
    [String.raw`a\Bb`, ['ab'], ['a b']],
    ['(?P<x>a)(?P=x)', ['aa'], ['ab']],
    [String.raw`(a)\1`, ['aa'], ['a1']],
    ['a{2}', ['aa'], ['a']],
    ['^a{,2}$', ['', 'aa'], ['aaa']],
    ['^a{x}$', ['a{x}'], ['ax']],
    ['a{', ['a{'], ['a']],
    ['^}]$', ['}]'], []],
    ['[]a]', [']', 'a'], ['b']],
    ['[^]a]', ['b'], [']', 'a']],
    [String.raw`[\w.-]+@[a-z]`, ['x.y-z@a'], ['@a']],
    [String.raw`^[^\W\d]+$`, ['aÖ_'], ['a1', '-']],
    [String.raw`[\]\\\-^]`, [']', '\\', '-', '^'], ['a']],
    ['[a-]', ['-'], ['b']],
    [String.raw`^[\x41-\u0043\b]$`, ['A', 'C', '\b'], ['D']],
    [String.raw`\-\"\'\#\@\/\ `, ['-"\'#@/ '], []],
    [String.raw`\x41\u00e9\U0001F600\n\t\07\101`, ['Aé😀\n\t\x07A'], []],
    ['(?i)straße|É', ['STRAßE', 'é'], ['e']],
    ['(?i:a)b', ['Ab'], ['AB']],
    ['(?-i:a)', ['a'], ['A']],
    ['(?s:a.)b.', ['a\nbx'], ['a\nb\n']],
    ['(?x) a b # comment\n c', ['abc'], ['a b c']],
    ['a(?#comment)b', ['ab'], ['a']],
    ['a(?=b)|c(?!d)', ['ab', 'ce'], ['acd', 'cd']],
    ['(?<=a)b|(?<!c)d', ['ab', 'd'], ['cb', 'cd']],
    ['a+?b*?c??', ['a'], ['b']],
    ['^(?:a|b)*$', ['abba', ''], ['c']],
    ['^^a', ['a'], []],
    ['(?=a)*b', ['b'], ['c']],
  ])('%s', (pattern, found, notFound) => {
    const expression = translatePythonPattern(pattern);
    for (const text of found) expect([text, expression.test(text)]).toEqual([text, true]);
    for (const text of notFound) expect([text, expression.test(text)]).toEqual([text, false]);
  });

  test.each([
    '(',
    ')',
    'a)',
    '(a',
    '[a',
    '*a',
    'a**',
    'a++',
    '(?>a)',
    '(?(1)a)',
    String.raw`\q`,
    '\\',
    '(?P<a',
    '[b-a]',
    '(?',
    '(?Z)',
    String.raw`\1`,
    'a{2}{3}',
  ])('refuses %s', (pattern) => {
    expect(() => translatePythonPattern(pattern)).toThrow(
      expect.objectContaining({ code: 'database-unsupported' }),
    );
  });
});
