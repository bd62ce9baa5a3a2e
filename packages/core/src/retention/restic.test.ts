// The rules against those of restic: real snapshots in a real repository, `restic forget --dry-run`, and the same ones stay for the
// same reasons. Recorded answers for everybody, new random questions where restic is installed.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askRestic, installedRestic } from '../../test/restic.ts';
import type { ResticAnswers } from '../../test/restic.ts';
import { dateLists, more, rulesets } from '../../test/retention-arbitraries.ts';
import { chooseKept } from './choose.ts';
import type { KeepRules } from './choose.ts';
import { parseCalendarDuration } from './duration.ts';

const recorded = JSON.parse(
  readFileSync(new URL('../../test/restic-answers.json', import.meta.url), 'utf8'),
) as ResticAnswers;

process.env['TZ'] = recorded.zone;

test('the recorded answers of restic are ours', () => {
  expect(recorded.cases.length * recorded.lists.length).toBe(150);
  expectSame(recorded);
});

const installed = minorOf(installedRestic() ?? '0.16');

// the versions between say less about their reasons
test.runIf(installed < 16 || installed >= 18)(
  'the restic that is installed keeps what we keep',
  () => {
    expectSame(
      askRestic(
        fc.sample(
          dateLists.map((dates) => dates.slice(0, 8)),
          2,
        ),
        fc.sample(rulesets, 8),
      ),
    );
  },
);

function expectSame({ resticVersion, lists, cases }: ResticAnswers): void {
  // a rule that is not used up keeps the oldest since restic 0.16 (its pull request 4366), and says so since 0.18
  const isOld = minorOf(resticVersion) < 16;
  for (const { flags, kept } of cases) {
    for (const [index, list] of lists.entries()) {
      const archives = list.map((time) => ({ archiveId: time, createdAt: new Date(time) }));
      const ours = chooseKept(archives, rulesOf(flags), { now: new Date() })
        .map(({ archive, reasons }) => ({
          at: list.indexOf(archive.archiveId),
          reasons: isOld ? reasons.filter((reason) => !reason.startsWith('oldest ')) : reasons,
        }))
        .filter(({ reasons }) => reasons.length > 0)
        .map(({ at, reasons }) => [at, reasons]);
      expect(Object.fromEntries(ours), `${flags.join(' ')} on ${list.join(', ')}`).toEqual(
        kept[index],
      );
    }
  }
}

/** The flags of restic as our rules. */
function rulesOf(flags: readonly string[]): KeepRules {
  const counts: Record<string, number> = {};
  const within: Record<string, ReturnType<typeof parseCalendarDuration>> = {};
  for (let at = 0; at < flags.length; at += 2) {
    const [flag = '', value = ''] = flags.slice(at);
    const [, isWithin, period] = /^--keep-(within)?-?(.*)$/.exec(flag) ?? [];
    if (isWithin) within[period || 'any'] = parseCalendarDuration(value);
    else counts[period ?? ''] = Number(value) === more ? Number.POSITIVE_INFINITY : Number(value);
  }
  return { counts, within };
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}
