// What was found in the rows of a move, and what was repaired: counted by table, column and kind, with the keys of the first
// rows. Bounded, however many rows there are.

import { DmsBackupError } from '../../errors.ts';
import { qualifiedName } from '../schema.ts';
import type { MovedTable } from './plan.ts';
import { problemTexts, type ProblemKind } from './problem.ts';
import { isRepairable, repairWords } from './repairs.ts';

/** Values of one column that the target cannot hold. */
export interface Finding {
  readonly table: string;
  readonly column: string;
  readonly kind: ProblemKind;
  /** Of duplicates: the name of the unique rule; `column` then has all its columns, `values` counts groups. */
  readonly rule?: string;
  readonly values: number;
  /** Primary keys of the first rows: `id=5`. Columns with secrets are not shown. */
  readonly keys: readonly string[];
  /** The word for `--repair`, where there is one. */
  readonly repair?: string;
}

/** Values of one column that were repaired because the user asked for it. */
export interface Repaired {
  readonly table: string;
  readonly column: string;
  readonly kind: ProblemKind;
  readonly values: number;
}

interface Count {
  readonly table: string;
  readonly column: string;
  readonly kind: ProblemKind;
  readonly isRepaired: boolean;
  values: number;
  readonly keys: string[];
}

/** Keys that are kept of each column and kind. */
export const keptKeys = 20;

export class FindingLedger {
  readonly #counts = new Map<string, Count>();
  #total = 0;

  /** `key` is called only while keys are kept. */
  add(
    table: MovedTable,
    column: string,
    kind: ProblemKind,
    key: () => string,
    isRepaired = false,
  ): void {
    const name = qualifiedName(table.source);
    const place = JSON.stringify([name, column, kind, isRepaired]);
    let count = this.#counts.get(place);
    if (!count) {
      count = { table: name, column, kind, isRepaired, values: 0, keys: [] };
      this.#counts.set(place, count);
    }
    count.values++;
    if (!isRepaired) this.#total++;
    if (count.keys.length < keptKeys) count.keys.push(key());
  }

  /** Values that cannot be moved. */
  get count(): number {
    return this.#total;
  }

  get findings(): Finding[] {
    return [...this.#counts.values()]
      .filter(({ isRepaired }) => !isRepaired)
      .map(({ table, column, kind, values, keys }) => ({
        table,
        column,
        kind,
        values,
        keys: [...keys],
        ...(isRepairable(kind) && { repair: `${kind}=${repairWords[kind]}` }),
      }));
  }

  get repaired(): Repaired[] {
    return [...this.#counts.values()]
      .filter(({ isRepaired }) => isRepaired)
      .map(({ table, column, kind, values }) => ({ table, column, kind, values }));
  }
}

const shownFindings = 5;
const shownKeys = 3;

/** The error `move-impossible`; `context.findings` has all of them. */
export function impossible(findings: readonly Finding[]): DmsBackupError {
  const lines = findings.slice(0, shownFindings).map(findingText);
  const more =
    findings.length > shownFindings ? `; and ${findings.length - shownFindings} more columns` : '';
  const repairs = [...new Set(findings.flatMap(({ repair }) => repair ?? []))];
  const correct = 'Correct the rows in the source and make another archive';
  return new DmsBackupError(
    'move-impossible',
    `the target cannot hold every value: ${lines.join('; ')}${more}`,
    {
      hint:
        repairs.length === 0
          ? `${correct}.`
          : `${correct}, or let them be repaired: ${repairs.map((word) => `--repair ${word}`).join(' ')}.`,
      context: { findings },
    },
  );
}

function findingText({ table, column, kind, rule, values, keys }: Finding): string {
  const some = keys.slice(0, shownKeys).join(', ');
  const rows =
    values === 1 ? `row ${some}` : `${values} rows: ${some}${values > shownKeys ? ', ...' : ''}`;
  const name = rule === undefined ? '' : ` '${rule}'`;
  return `column '${column}' of table '${table}' ${problemTexts[kind]}${name} (${rows})`;
}
