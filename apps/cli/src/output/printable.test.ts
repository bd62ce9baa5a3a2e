import { describe, expect, it } from 'vitest';
import { cut, jsonLine, makePrintable, printable } from './printable.ts';

describe('printable', () => {
  it.each([
    ['colours', '\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['window title', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
    ['8-bit control sequence', '\u009b2J', '\\x9b2J'],
    ['line breaks', 'a\nb\r\nc\td', 'a\\nb\\r\\nc\\td'],
    ['delete', 'a\u007fb', 'a\\x7fb'],
    ['direction override', 'invoice\u202efdp.exe', 'invoice\\u202efdp.exe'],
    ['direction isolates', '\u2066a\u2069', '\\u2066a\\u2069'],
    ['line separator', 'a\u2028b', 'a\\u2028b'],
    ['zero width', 'pay\u200bpal\ufeff', 'pay\\u200bpal\\ufeff'],
    ['tag characters', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['half of a surrogate pair', 'a\ud83db', 'a\\ud83db'],
  ])('escapes %s', (_name, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each(['Überweisung №7 – 請求書 (копия).pdf', '👩‍👩‍👧 family', 'نص عربي', "C:\\x1b 'quoted'"])(
    'leaves %s as it is',
    (text) => {
      expect(printable(text)).toBe(text);
    },
  );
});

describe('makePrintable', () => {
  it('reaches every string and key, and nothing else', () => {
    const value = { 'k\u001b': ['a\nb', { deep: 'x\u202e' }], n: 1, none: null, yes: true };
    expect(makePrintable(value)).toEqual({
      'k\\x1b': ['a\\nb', { deep: 'x\\u202e' }],
      n: 1,
      none: null,
      yes: true,
    });
    expect(value.n).toBe(1);
  });
});

describe('jsonLine', () => {
  it('is one line, safe on a terminal, and means the same', () => {
    const value = { title: 'a\u009b2J\u202e\n\u{e0041}', big: 12n };
    const line = jsonLine(value);
    expect(line).not.toMatch(/[^\u0020-\u007e]/);
    expect(JSON.parse(line)).toEqual({ title: value.title, big: '12' });
  });
});

describe('cut', () => {
  it('shortens by characters, not by halves of them', () => {
    expect(cut('short', 10)).toBe('short');
    expect(cut('👍👍👍👍', 3)).toBe('👍👍…');
  });
});
