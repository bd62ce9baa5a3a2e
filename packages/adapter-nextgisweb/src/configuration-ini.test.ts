// INI text as Python's RawConfigParser takes it.

import { expect, test } from 'vitest';
import { parseIni } from './configuration-ini.ts';

const parse = (...lines: string[]): Record<string, string> =>
  Object.fromEntries(parseIni(lines.join('\n'), "'config.ini'"));

test('sections, both separators, comments, spaces, CRLF and a byte order mark', () => {
  expect(
    parse(
      '\u{FEFF}; a comment',
      '[core]',
      'sdir = /srv/ngw  ',
      'database.HOST: db\r',
      '# another',
      'database.password = a=b;c # not a comment: d',
      '[pyramid]  ',
      'empty =',
    ),
  ).toEqual({
    'core.sdir': '/srv/ngw',
    'core.database.host': 'db',
    'core.database.password': 'a=b;c # not a comment: d',
    'pyramid.empty': '',
  });
});

test('indented lines continue a value, also behind a comment; the last of two options counts', () => {
  expect(
    parse('[core]', 'list = one', '  two', '  ; no', '', '  three', 'sdir = a', 'sdir = b'),
  ).toEqual({ 'core.list': 'one\ntwo\n\nthree', 'core.sdir': 'b' });
});

test.each([
  ['a line without a section', ['sdir = /srv', '[core]'], 1],
  ['a line without a value', ['[core]', 'password-hunter2'], 2],
  ['a line without a name', ['[core]', '', '= hunter2'], 3],
])('%s is refused with its line and without its text', (_title, lines, line) => {
  expect(() => parse(...lines)).toThrow(
    expect.objectContaining({
      code: 'configuration-invalid',
      message: expect.stringMatching(new RegExp(`'config.ini', line ${line}: `)),
    }),
  );
  expect(() => parse(...lines)).not.toThrow(/hunter2/);
});
