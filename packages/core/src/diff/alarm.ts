// The alarm on documents that are gone: how many of an earlier archive a later one has no more, and whether that is more than
// the user accepts. What deletes in mass (ransomware, a script gone wrong) is noticed before retention removes what it took.

import type { CatalogueDocument } from '../adapter.ts';
import type { NamedArchiveOptions } from '../named-archive.ts';
import type { AlarmLimit, Removal } from '../verb.ts';
import { openArchiveSide } from './open-side.ts';
import type { Side } from './side.ts';
import { pairDocuments } from './pair-documents.ts';
import type { NamedSide } from './pair-documents.ts';

/** Titles that an alarm names: enough to see what kind of documents it is about. */
const namedDocuments = 5;

/** Counts documents of the earlier side, and those that are gone. */
export class RemovalCount {
  #documents = 0;
  #removed = 0;
  #rewritten = 0;
  readonly #first: { id: string; title: string }[] = [];

  add(was: CatalogueDocument, fate: 'there' | 'removed' | 'rewritten'): void {
    this.#documents++;
    if (fate === 'rewritten') this.#rewritten++;
    if (fate !== 'removed') return;
    this.#removed++;
    if (this.#first.length < namedDocuments) this.#first.push({ id: was.id, title: was.title });
  }

  /** What was counted, since the side of that name. `limit` decides whether it is an alarm. */
  since({ name, createdAt }: Omit<NamedSide, 'side'>, limit: AlarmLimit): Removal {
    const [documents, removed] = [this.#documents, this.#removed];
    const percent = documents === 0 ? 0 : (removed / documents) * 100;
    const reached = 'percent' in limit ? percent >= limit.percent : removed >= limit.documents;
    const facts = {
      since: { name, createdAt },
      documents,
      removed,
      percent,
      first: [...this.#first],
      rewritten: this.#rewritten,
      isAlarm: removed > 0 && reached,
    };
    return { ...facts, explanation: explain(facts) };
  }
}

/**
 * Compares two archives. Memory is flat: catalogues are streamed, indexes lie in temporary databases. Throws what opening an
 * archive throws, and `interrupted`.
 */
export async function removalBetween(
  earlier: NamedArchiveOptions,
  later: NamedArchiveOptions,
  limit: AlarmLimit,
): Promise<Removal> {
  const before = await openArchiveSide(earlier);
  try {
    const after = await openArchiveSide(later);
    try {
      const count = new RemovalCount();
      for await (const { was, is } of pairDocuments(before, after, later.signal)) {
        if (!was) continue;
        if (!is) count.add(was, 'removed');
        else
          count.add(
            was,
            (await isRewritten(was, is, before.side, after.side)) ? 'rewritten' : 'there',
          );
      }
      return count.since(before, limit);
    } finally {
      await after.close();
    }
  } finally {
    await before.close();
  }
}

/**
 * True when the main file of a version that both sides have is other bytes: applications add versions, they do not rewrite them.
 * Other files of a version (a PDF/A copy) are made anew in mass for good reasons.
 */
export async function isRewritten(
  was: CatalogueDocument,
  is: CatalogueDocument,
  before: Side,
  after: Side,
): Promise<boolean> {
  if (!before.hasFiles || !after.hasFiles) return false;
  const now = new Map(is.documentVersions.map(({ id, files }) => [id, files[0]]));
  for (const { id, files } of was.documentVersions) {
    const [former, present] = [files[0], now.get(id)];
    if (!former || !present) continue;
    const known = before.facts(former.root, former.path);
    const left = await before.digest(former.root, former.path);
    if (left === null) continue;
    const right = await after.digest(present.root, present.path, known);
    if (right !== null && left !== right) return true;
  }
  return false;
}

/** `12 of 200 documents (6%) are gone since '...': 4 'Invoice', 7 'Letter' and 10 more`. */
function explain({ since, ...facts }: Omit<Removal, 'explanation'>): string {
  const { documents, removed, percent, first, rewritten } = facts;
  if (removed === 0 && rewritten === 0) return `no document is gone since '${since.name}'`;
  const share = percent < 0.1 && removed > 0 ? 'less than 0.1' : Math.floor(percent * 10) / 10;
  const names = first.map(({ id, title }) => `${id} '${title.slice(0, 80)}'`).join(', ');
  const more = removed > first.length ? ` and ${removed - first.length} more` : '';
  const when = since.createdAt === null ? '' : ` of ${since.createdAt}`;
  const others = rewritten === 0 ? '' : `; ${rewritten} have other contents under the same version`;
  return `${removed} of ${documents} documents (${share}%) are gone since '${since.name}'${when}${names === '' ? '' : `: ${names}${more}`}${others}`;
}
