// Text as people compare it when they look for something: without upper and lower case, without accents, in one form of
// Unicode. `Büro` is found by `buro`, `BÜRO` and by `Bu` + combining diaeresis.

/** U+0300 to U+036F: marks that stand on a letter of Latin, Greek or Cyrillic. Those of other scripts change the meaning. */
const accents = /[\u0300-\u036f]+/g;

export function foldText(text: string): string {
  // to upper case first: the capital of ß is SS
  return text.normalize('NFKD').replaceAll(accents, '').toUpperCase().toLowerCase();
}
