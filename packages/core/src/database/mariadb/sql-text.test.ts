import { expect, test } from 'vitest';
import { databaseNames } from './names.ts';
import { bindParameters, literal, quoted } from './quoting.ts';
import { nameOf, namesDatabase, textBehind, tokensOf, withoutDatabase } from './sql-text.ts';

test('names and texts cannot leave their quotes', () => {
  expect(quoted('a`; drop')).toBe('`a``; drop`');
  expect(literal(`a'\\\n\0"`)).toBe(String.raw`'a\'\\\n\0"'`);
});

test('question marks in quotes and comments are no parameters', () => {
  const sql = `SELECT '?''?\\'?', "?", \`?\`, /* ? */ ? -- ?\n, ? # ?`;
  expect(bindParameters(sql, ['?', new Uint8Array([255])])).toBe(
    `SELECT '?''?\\'?', "?", \`?\`, /* ? */ '?' -- ?\n, x'ff' # ?`,
  );
  expect(() => bindParameters('SELECT ?', [])).toThrow(TypeError);
  expect(() => bindParameters('SELECT 1', [1])).toThrow(TypeError);
});

test('the database is taken off the names of its objects, and off nothing else', () => {
  const objects = new Set(['t', 'f`x']);
  const text =
    "select `d`.`t`.`d`,`d`.`f``x`(1),'`d`.`t`' from `d`.`t` join `e`.`t` /* `d`.`t` */ on `d`.`id` = `a`.`d`.`t`";
  expect(withoutDatabase(text, 'd', objects)).toBe(
    "select `t`.`d`,`f``x`(1),'`d`.`t`' from `t` join `e`.`t` /* `d`.`t` */ on `d`.`id` = `a`.`d`.`t`",
  );
  expect(namesDatabase("DEFAULT nextval(`d`.`s`) COMMENT '`e`.`s`'", 'd')).toBe(true);
  expect(namesDatabase("DEFAULT nextval(`d`.`s`) COMMENT '`e`.`s`'", 'e')).toBe(false);
});

test('the body of a trigger is found behind its head', () => {
  const text =
    'CREATE TRIGGER `for each row` /* for each row */ BEFORE INSERT ON t\nFOR EACH  ROW SET @a = 1';
  expect(textBehind(text, 'FOR', 'EACH', 'ROW')).toBe(' SET @a = 1');
  expect(textBehind('CREATE TRIGGER t', 'FOR', 'EACH', 'ROW')).toBeUndefined();
});

test('executable comments are tokens, others are not', () => {
  const words = [...tokensOf('a /* b */ /*! c */ -- d\n`e ``f`')].map(({ text }) => text);
  expect(words).toEqual(['a', '/*! c */', '`e ``f`']);
  expect(nameOf('`e ``f`')).toBe('e `f');
});

test('databases beside the live one have names that the server takes', () => {
  expect(databaseNames('paper_less')).toMatchObject({
    workshop: 'paper_less_dms_new',
    former: 'paper_less_dms_former',
    discarded: 'paper_less_dms_old',
    grantPattern: String.raw`paper\_less\_dms\_%`,
  });
  const [one, other] = [databaseNames('😀'.repeat(64)), databaseNames(`${'😀'.repeat(63)}x`)];
  for (const name of [one.workshop, one.former, one.discarded])
    expect([...name].length).toBeLessThan(65);
  expect(one.former).not.toBe(other.former);
  expect(one.lock.length).toBeLessThan(65);
});
