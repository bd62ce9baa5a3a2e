import { expect, test } from 'vitest';
import { documentOf } from '../../test/catalogue-part.ts';
import { caught } from '../../test/caught.ts';
import { parseQuery, parseTextQuery } from './query.ts';

const invoice = documentOf('114', {
  title: 'Rechnung Straße 12',
  created: '2024-03-15T10:00:00Z',
  owner: 'Jürgen',
  correspondent: 'Łódź Sp. z o.o.',
  documentType: 'Invoice',
  tags: ['Steuer 2023', 'Büro'],
  folder: ['Home', 'Verträge'],
});

test.for([
  [],
  ['rechnung'],
  ['RECHNUNG', 'jurgen'],
  ['strasse 12'],
  ['STRASSE', 'büro'],
  ['Bu\u0308ro'],
  ['home/vertrage'],
  ['2024-03'],
  ['114'],
  ['id:114'],
  ['Title:strasse'],
  ['tag:steuer', 'owner:jürgen', 'type:inv', 'folder:vert'],
  ['correspondent:łódź'],
  ['created:2024'],
  ['created:2024-03-15'],
  ['created:2024-01..2024-03'],
  ['created:2024-03-15..'],
  ['created:..2024'],
])('%#: found', (words) => {
  expect(parseQuery(words)(invoice)).toBe(true);
});

test.for([
  ['rechnung', 'missing'],
  ['owner:rechnung'],
  ['11'],
  ['id:11'],
  ['3-15'],
  ['tag:steuer büro'],
  ['created:2023'],
  ['created:2024-04..'],
  ['created:..2024-02'],
  ['unknown:114'],
])('%#: not found', (words) => {
  expect(parseQuery(words)(invoice)).toBe(false);
});

test('a document without a date is in no range, and a colon may be a colon', () => {
  const bare = documentOf('1', { title: 'Re: offer' });
  expect(parseQuery(['created:..2024'])(bare)).toBe(false);
  expect(parseQuery(['re: offer'])(bare)).toBe(true);
});

test.for(['tag:', 'created:', 'created:yesterday', 'created:..', 'created:2024..2025..2026'])(
  '%s is refused',
  (word) => {
    expect(caught(() => parseQuery([word])).code).toBe('usage');
  },
);

test('paths are compared in the same way', () => {
  const matches = parseTextQuery(['ärzte', '.pdf']);
  expect(matches('media/A\u0308RZTE/x.PDF')).toBe(true);
  expect(matches('media/x.pdf')).toBe(false);
});
