// What a data set is made of.

export interface Filling {
  readonly documents: number;
  /** Least and most bytes of an original, evenly spread, incompressible; absent: rows only, no files. */
  readonly originalBytes?: readonly [least: number, most: number];
  /** Each document with an original has a preview image of this size, incompressible. */
  readonly thumbnailBytes: number;
  /** Recognised text of a document, and of a row of {@link textRows}. Compresses to about a third. */
  readonly textBytes: number;
  readonly tagsEach: number;
  readonly auditRowsEach: number;
  /** Rows of one more table that holds only text. */
  readonly textRows: number;
}

export const nothing: Filling = {
  documents: 0,
  thumbnailBytes: 0,
  textBytes: 200,
  tagsEach: 0,
  auditRowsEach: 0,
  textRows: 0,
};
