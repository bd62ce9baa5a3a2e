import { expect, test } from 'vitest';
import { readTomlSettings } from './toml-settings.ts';

test('section, key and text', () => {
  const text = [
    '\uFEFF# comment',
    'top = 1',
    '[main]',
    'media_root = "/srv/media"',
    '[database]',
    'port = 5432',
    'big = 9007199254740993',
    'names = ["a"]',
    'nested = { a = 1 }',
    'flag = true',
  ].join('\n');
  expect(() => readTomlSettings(text.replace('9007199254740993', '1'), 'x.toml')).not.toThrow();
  expect(readTomlSettings(text.replace('9007199254740993', '1'), 'x.toml')).toEqual([
    ['main', 'media_root', '/srv/media'],
    ['database', 'port', '5432'],
    ['database', 'big', '1'],
    ['database', 'flag', 'true'],
  ]);
});

test('a file that is no TOML is refused with the line and without its text', () => {
  try {
    readTomlSettings('[database]\npassword = "hunter2\n', '/etc/papermerge.toml');
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({
      code: 'configuration-invalid',
      message: "cannot understand line 2 of '/etc/papermerge.toml' as TOML",
      context: { line: 2 },
    });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(String((error as Error).stack)).not.toContain('hunter2');
  }
});

test('names of objects do no harm', () => {
  const settings = readTomlSettings('[__proto__]\npolluted = "x"\n[main]\n"__proto__" = 1', 'x');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(settings.length).toBeGreaterThan(0);
});
