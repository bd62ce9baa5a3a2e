import { expect, test } from 'vitest';
import { timestampText } from './timestamps.ts';

test.each([
  ['2024-01-02 03:04:05.678901', '2024-01-02 03:04:05.678901+00', '2024-01-02 03:04:05.678901'],
  ['2022-08-04 19:25:03.904000', '2022-08-04 19:25:03.904+00', '2022-08-04 19:25:03.904000'],
  ['2024-01-02 03:04:05', '2024-01-02 03:04:05+00', '2024-01-02 03:04:05.000000'],
  ['2024-01-02', '2024-01-02', '2024-01-02'],
])('%s is spelt alike on all engines', (sqlite, postgres, mariadb) => {
  expect(timestampText('sqlite', sqlite)).toBe(sqlite);
  expect(timestampText('postgres', postgres)).toBe(sqlite);
  expect(timestampText('mariadb', mariadb)).toBe(sqlite);
});

test('an offset of PostgreSQL is taken out', () => {
  expect(timestampText('postgres', '2024-01-01 00:30:05.5+02')).toBe('2023-12-31 22:30:05.500000');
  expect(timestampText('postgres', '2024-01-01 00:30:05-03:30')).toBe('2024-01-01 04:00:05');
});

test('what is no usual time stays as it is', () => {
  for (const odd of ['infinity', '0044-03-15 12:00:00+00 BC', '0000-00-00']) {
    expect(timestampText('postgres', odd)).toBe(odd);
    expect(timestampText('mariadb', odd)).toBe(odd);
  }
  expect(timestampText('sqlite', '2024-01-02T03:04Z')).toBe('2024-01-02T03:04Z');
  expect(timestampText('postgres', null)).toBeNull();
  expect(timestampText('mariadb', undefined)).toBeNull();
});
