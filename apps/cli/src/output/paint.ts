// A few colours, only on a terminal and never with NO_COLOR. Meaning is always in the words, too.

import { styleText } from 'node:util';
import type { OutputStream } from '../surroundings.ts';

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

type Format = Parameters<typeof styleText>[0];

/** Colours for one stream. */
export function createPaint(colours: boolean): Paint {
  const paint = (format: Format) => (text: string) =>
    colours ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
  };
}

/** True when the stream is a terminal that can redraw a line. */
export function isTerminal(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** https://no-color.org: any value of NO_COLOR but the empty one switches colours off. */
export function wantsColours(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTerminal(stream, environment) && !environment['NO_COLOR'];
}
