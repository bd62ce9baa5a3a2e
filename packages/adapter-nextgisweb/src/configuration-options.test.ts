// How options come together: files, inline text, variables, and `${NAME}` in values.

import { describe, expect, test } from 'vitest';
import { optionOf, readOptions, substitute } from './configuration-options.ts';

describe('names of variables', () => {
  test.each([
    ['NEXTGISWEB__CORE__DATABASE__HOST', 'core.database.host'],
    ['nextgisweb__core__sdir', 'core.sdir'],
    ['NEXTGISWEB_CORE__SDIR', 'core.sdir'],
    ['NEXTGISWEB__FILE_STORAGE__PATH', 'file_storage.path'],
    ['NEXTGISWEB_FEATURE_LAYER__VERSIONING__DEFAULT', 'feature_layer.versioning.default'],
    ['NEXTGISWEB_CONFIG', null],
    ['NEXTGISWEB_CONFIG_INCLUDE', null],
    ['NEXTGISWEB__CORE', null],
    ['MY_NEXTGISWEB__CORE__SDIR', null],
    ['NEXTGISWEB__CORE__SDIR-X', null],
  ])('%s', (variable, option) => expect(optionOf(variable)).toBe(option));
});

describe('substitution', () => {
  const lookup = (name: string): string | undefined =>
    ({ SET: 'value', EMPTY: '', DOLLAR: '${SET}' })[name];
  test.each([
    ['${SET}', 'value'],
    ['a-${SET}-b-${SET}', 'a-value-b-value'],
    ['${SET:default}', 'value'],
    ['${UNSET}', '${UNSET}'],
    ['${UNSET:default}', 'default'],
    ['${UNSET:}', ''],
    ['${EMPTY:default}', ''],
    ['${SET?yes:no}', 'yes'],
    ['${UNSET?yes:no}', 'no'],
    ['${EMPTY?yes:no}', 'yes'],
    [String.raw`${'${'}UNSET:a\:b\}c}`, 'a:b}c'],
    [String.raw`${'${'}UNSET:${'${'}SET\}}`, 'value'],
    [String.raw`C:\dir\$x`, String.raw`C:\dir\$x`],
    ['${DOLLAR}', '${SET}'],
    ['${UNSET:a:b}', '${UNSET:a:b}'],
    ['$SET', '$SET'],
  ])('%s', (text, result) => expect(substitute(text, lookup)).toBe(result));
});

test('later files win, then the inline text, then variables; an empty value removes an option', () => {
  const options = readOptions({
    files: [
      { path: '/one.ini', text: '[core]\nsdir = one\nlocale.default = ru\nbackup.path = /b' },
      { path: '/two.ini', text: '[core]\nsdir = ${PLACE:two}\nbackup.path =\n[auth]\nx = two' },
    ],
    include: { value: '[auth]\nx = three\ny = three', source: 'NEXTGISWEB_CONFIG_INCLUDE' },
    variables: new Map([
      ['NEXTGISWEB__AUTH__Y', { value: 'four', source: 'environment' }],
      ['NEXTGISWEB__CORE__LOCALE__DEFAULT', { value: '', source: 'environment' }],
      ['PATH', { value: '/bin', source: 'environment' }],
    ]),
    lookup: () => undefined,
  });
  expect(Object.fromEntries(options)).toEqual({
    'core.sdir': { value: 'two', source: '/two.ini' },
    'auth.x': { value: 'three', source: 'NEXTGISWEB_CONFIG_INCLUDE' },
    'auth.y': { value: 'four', source: 'environment' },
  });
});
