// What of one document differs. Times of change are left out: an application touches them for nothing.

import type { CatalogueDocument } from '../adapter.ts';
import type { Side } from './side.ts';

type Version = CatalogueDocument['documentVersions'][number];

/** Fields that are compared as they stand, and the word for each. */
const plainFields: readonly (readonly [string, (document: CatalogueDocument) => unknown])[] = [
  ['title', ({ title }) => title],
  ['created', ({ created }) => created],
  ['owner', ({ owner }) => owner],
  ['correspondent', ({ correspondent }) => correspondent],
  ['type', ({ documentType }) => documentType],
  ['tags', ({ tags }) => tags.toSorted()],
  ['folder', ({ folder }) => folder],
  ['trash', ({ trashed }) => trashed],
  ['versions', ({ documentVersions }) => documentVersions.map(({ id }) => id)],
  [
    'fields',
    ({ extra }) => Object.entries(extra).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  ],
];

/** Words for what differs, e.g. `title`, `content`; empty when nothing does. */
export async function compareDocuments(
  one: CatalogueDocument,
  other: CatalogueDocument,
  before: Side,
  after: Side,
): Promise<string[]> {
  const fields = plainFields
    .filter(([, value]) => JSON.stringify(value(one)) !== JSON.stringify(value(other)))
    .map(([name]) => name);
  if (!before.hasFiles || !after.hasFiles) return fields;
  const isSame = await sameContent(
    one.documentVersions.at(-1),
    other.documentVersions.at(-1),
    before,
    after,
  );
  return isSame ? fields : [...fields, 'content'];
}

/** The same files by role, whatever they are called. */
async function sameContent(
  one: Version | undefined,
  other: Version | undefined,
  before: Side,
  after: Side,
): Promise<boolean> {
  const was = new Map(one?.files.map((file) => [file.role, file]));
  const is = new Map(other?.files.map((file) => [file.role, file]));
  for (const role of new Set([...was.keys(), ...is.keys()])) {
    const [former, present] = [was.get(role), is.get(role)];
    const known = former && before.facts(former.root, former.path);
    const [left, right] = [
      former ? await before.digest(former.root, former.path) : null,
      present ? await after.digest(present.root, present.path, known) : null,
    ];
    if (left !== right) return false;
  }
  return true;
}
