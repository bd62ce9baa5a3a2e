// The order of documents in a catalogue.

/** Decimal numbers by value, everything else by code unit. */
export function compareIds(left: string, right: string): number {
  const number = /^\d+$/;
  if (number.test(left) && number.test(right)) {
    return left.length === right.length ? compareText(left, right) : left.length - right.length;
  }
  return compareText(left, right);
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
