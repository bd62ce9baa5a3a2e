// Chooses once per run how to talk: for people, or as JSON lines.

import type { Surroundings } from '../surroundings.ts';
import { createHumanOutput } from './human-output.ts';
import { createJsonOutput } from './json-output.ts';
import type { Output, OutputOptions } from './output.ts';

export function createOutput(options: OutputOptions, surroundings: Surroundings): Output {
  return options.json
    ? createJsonOutput(options, surroundings)
    : createHumanOutput(options, surroundings);
}
