// What can be wrong with a value that is to move to another engine. Problems are values, not exceptions: a census meets
// millions of them and goes on.

/** See {@link problemTexts}. */
export type ProblemKind =
  | 'nul'
  | 'invalid-utf8'
  | 'length'
  | 'range'
  | 'precision'
  | 'type'
  | 'null'
  | 'zero-date'
  | 'json'
  | 'padding'
  | 'duplicate';

/** What the user reads, after the name of the column. */
export const problemTexts: Readonly<Record<ProblemKind, string>> = {
  nul: 'holds the character NUL, which the target does not store',
  'invalid-utf8': 'holds text that is not valid UTF-8',
  length: 'is longer than the target column takes',
  range: 'is outside of what the target column takes',
  precision: 'has more digits than the target column keeps',
  type: 'is not of the type of its column',
  null: 'is null, and the target column takes no null',
  'zero-date': 'is a date with zeros, which the target does not store',
  json: 'is not JSON that the target takes',
  duplicate: 'has values that differ in the source and are equal for a unique rule of the target',
  padding: 'ends with blanks, which the target column does not keep',
};

/** Instead of a value. */
export class Problem {
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind) {
    this.kind = kind;
  }
}

const problems = new Map<ProblemKind, Problem>();

/** One object for each kind. */
export function problem(kind: ProblemKind): Problem {
  const known = problems.get(kind) ?? new Problem(kind);
  problems.set(kind, known);
  return known;
}
