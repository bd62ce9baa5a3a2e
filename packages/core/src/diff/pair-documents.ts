// Two catalogues side by side: both are in the order of their ids, so they are read once, together, whatever their size.

import type { CatalogueDocument } from '../adapter.ts';
import { DmsBackupError, assertNotAborted } from '../errors.ts';
import { compareIds } from './document-order.ts';
import type { Side } from './side.ts';

/** A side and what it is called in messages. */
export interface NamedSide {
  readonly name: string;
  /** Null for a live instance. */
  readonly createdAt: string | null;
  readonly side: Side;
}

/** One document as it was and as it is; one of them is absent when only the other side has it. */
export interface DocumentPair {
  readonly was: CatalogueDocument | undefined;
  readonly is: CatalogueDocument | undefined;
}

/** Every document of either side. Throws `archive-damaged` or `adapter-invalid` when a side is out of order, `interrupted`. */
export async function* pairDocuments(
  before: NamedSide,
  after: NamedSide,
  signal?: AbortSignal,
): AsyncGenerator<DocumentPair> {
  const [left, right] = [ordered(before), ordered(after)];
  let [one, other] = [await left.next(), await right.next()];
  while (!one.done || !other.done) {
    assertNotAborted(signal);
    const order = one.done ? 1 : other.done ? -1 : compareIds(one.value.id, other.value.id);
    yield {
      was: order <= 0 && !one.done ? one.value : undefined,
      is: order >= 0 && !other.done ? other.value : undefined,
    };
    if (order <= 0) one = await left.next();
    if (order >= 0) other = await right.next();
  }
}

/** The documents of a side. Throws when they are not in the order that a comparison needs. */
async function* ordered({ side, name, createdAt }: NamedSide): AsyncGenerator<CatalogueDocument> {
  let last: string | undefined;
  for await (const document of side.documents()) {
    if (last !== undefined && compareIds(last, document.id) >= 0) {
      throw new DmsBackupError(
        createdAt === null ? 'adapter-invalid' : 'archive-damaged',
        `the documents of '${name}' are not in the order of their ids: '${document.id}' comes after '${last}'`,
      );
    }
    last = document.id;
    yield document;
  }
}
