// What every command is: its words for the help, the flags it takes, and the function that calls one verb of core.

import type { FlagName, Values } from '../arguments/flags.ts';
import type { Outcome } from '../output/outcome.ts';
import type { Output } from '../output/output.ts';
import type { Surroundings } from '../surroundings.ts';

/** One call of a command, read from the command line. */
export interface Call {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly surroundings: Surroundings;
  readonly output: Output;
}

export interface Operand {
  /** `ARCHIVE`, `DESTINATION`. */
  readonly name: string;
  readonly text: string;
  readonly required: boolean;
  /** Only the last one: it takes all words that are left. */
  readonly many?: boolean;
}

export interface Command {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What the user must know before the first use. */
  readonly description: string;
  readonly operands: readonly Operand[];
  /** Besides the flags that every verb takes. */
  readonly flags: readonly FlagName[];
  /** Where a flag means something else than its text in the table says. */
  readonly flagTexts?: Partial<Record<FlagName, string>>;
  readonly examples: readonly string[];
  /** Refuses contradictions; called before anything is loaded. Throws `UsageError`. */
  readonly check?: (values: Values, operands: readonly string[]) => void;
  /** Calls the verb. Errors are thrown, never printed. */
  readonly run: (call: Call) => Promise<Outcome>;
}
