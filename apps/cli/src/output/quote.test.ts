import { describe, expect, it } from 'vitest';
import { commandLine, quoteWord } from './quote.ts';

describe('quoteWord', () => {
  it.each([
    ['/backup/a-1.tar.zst', '/backup/a-1.tar.zst'],
    ['', "''"],
    ['my archive.tar', "'my archive.tar'"],
    ["it's", `'it'\\''s'`],
    ['$(reboot)', "'$(reboot)'"],
    ['a\nb', "$'a\\nb'"],
    ['a\u001bb\\', "$'a\\x1bb\\\\'"],
  ])('%j becomes %s', (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
  });

  it('makes a command line', () => {
    expect(commandLine('verify', 'my archive.tar')).toBe("dms-backup verify 'my archive.tar'");
  });
});
