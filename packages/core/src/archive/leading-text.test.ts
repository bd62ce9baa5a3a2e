import { expect, test } from 'vitest';
import { leadingText } from './leading-text.ts';

test.for([
  ['{"path":"media/files/ä","type":"file"}', 'media/files/ä'],
  ['{"path":""}', ''],
  // these must be parsed
  ['{"path":"a\\"b","type":"file"}', undefined],
  ['{"path":"a\\u0062"}', undefined],
  ['{"pathBase64":"YQ==","type":"file"}', undefined],
  ['{"type":"file","path":"a"}', undefined],
  ['{"path":"a', undefined],
  ['{ "path": "a" }', undefined],
] as const)('%s', ([line, text]) => {
  expect(leadingText(line, 'path')).toBe(text);
});
