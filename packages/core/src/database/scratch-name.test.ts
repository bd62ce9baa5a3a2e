import { expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { assertScratch, oldScratchNames, scratchName, scratchPrefix } from './scratch-name.ts';

const now = new Date('2026-11-21T20:30:00Z');

test('a name tells whose it is and when it was made, and no two are equal', () => {
  const [one, other] = [scratchName(now), scratchName(now)];
  expect(one).toMatch(/^dms_backup_drill_20261121t203000_[0-9a-f]{16}$/);
  expect(one).not.toBe(other);
  expect(one.startsWith(scratchPrefix)).toBe(true);
  // the longest name of PostgreSQL, and room for what MariaDB puts behind it
  expect(`${one}_dms_former`.length).toBeLessThan(64);
});

test('old are those of drills that are older than a day', () => {
  const dayOld = scratchName(new Date('2026-11-20T20:29:59Z'));
  const younger = scratchName(new Date('2026-11-20T20:30:00Z'));
  const names = [
    dayOld,
    younger,
    scratchName(now),
    `${dayOld}_dms_new`,
    `${dayOld}_other`,
    'dms_backup_drill_mine',
    'dms_backup_drill_20269999t999999_0123456789abcdef',
    `x${dayOld}`,
  ];
  expect(oldScratchNames(names, now)).toEqual([dayOld, `${dayOld}_dms_new`]);
});

test('nothing else is ever dropped', () => {
  assertScratch({ name: scratchName(now) });
  for (const name of ['paperless', 'dms_backup_drill_', `${scratchName(now)}; x`, '', undefined]) {
    const error = caught(() => assertScratch(name === undefined ? {} : { name }));
    expect(error.code).toBe('target-unsafe');
  }
});
