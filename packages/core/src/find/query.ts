// What is looked for: words that must all be there, in any field or in the one that is named before a colon.

import type { CatalogueDocument } from '../adapter.ts';
import { DmsBackupError } from '../errors.ts';
import { foldText } from './fold-text.ts';

export type Query = (document: CatalogueDocument) => boolean;
type Test = (document: FoldedDocument) => boolean;

/** Texts of a document, folded. Ids and times are compared as they are. */
interface FoldedDocument {
  readonly id: string;
  readonly created: string;
  readonly texts: Readonly<Record<TextField, readonly string[]>>;
}

const textFields = ['title', 'tag', 'correspondent', 'owner', 'type', 'folder'] as const;
type TextField = (typeof textFields)[number];

/** For hints and help texts. */
export const queryFields: readonly string[] = [...textFields, 'id', 'created'];

const date = /^\d{4}(?:-\d\d(?:-\d\d)?)?$/;

/** All words must match. Throws `usage` for a field without a value and for dates that are none. */
export function parseQuery(words: readonly string[]): Query {
  const tests = words.map(parseWord);
  return (document) => {
    if (tests.length === 0) return true;
    const folded = foldDocument(document);
    return tests.every((test) => test(folded));
  };
}

/** Words that must all be in one text, e.g. a path. */
export function parseTextQuery(words: readonly string[]): (text: string) => boolean {
  const wanted = words.map(foldText);
  return (text) => {
    const folded = foldText(text);
    return wanted.every((word) => folded.includes(word));
  };
}

function parseWord(word: string): Test {
  const colon = word.indexOf(':');
  const field = word.slice(0, Math.max(0, colon)).toLowerCase();
  const value = word.slice(colon + 1);
  if (!queryFields.includes(field)) return anyField(word);
  if (value === '') {
    throw new DmsBackupError('usage', `'${word}' has no value`, {
      hint: `Write what is looked for behind the colon, without a space: ${field}:...`,
    });
  }
  if (field === 'id') return ({ id }) => id === value;
  if (field === 'created') return createdIn(value);
  const wanted = foldText(value);
  return ({ texts }) => texts[field as TextField].some((text) => text.includes(wanted));
}

function anyField(word: string): Test {
  const wanted = foldText(word);
  return ({ id, created, texts }) =>
    // a part of an id or of a date means nothing: 1 would find every other document
    id === word ||
    (date.test(word) && created.startsWith(word)) ||
    textFields.some((field) => texts[field].some((text) => text.includes(wanted)));
}

/** `2024`, `2024-03`, `2024-03-15`, or two of them with `..` between; one of the two may be absent. */
function createdIn(value: string): Test {
  const [from = '', to = from, ...rest] = value.split('..');
  const isDate = (text: string): boolean => text === '' || date.test(text);
  if (rest.length > 0 || !isDate(from) || !isDate(to) || (from === '' && to === '')) {
    throw new DmsBackupError('usage', `'${value}' is no date and no range of dates`, {
      hint: 'Write created:2024, created:2024-03-15 or created:2024-01..2024-06.',
    });
  }
  // times in the catalogue begin with the date, and a shorter date stands for all that begins with it
  return ({ created }) =>
    created !== '' && created.slice(0, from.length) >= from && created.slice(0, to.length) <= to;
}

function foldDocument(document: CatalogueDocument): FoldedDocument {
  const { id, created, title, tags, correspondent, owner, documentType, folder } = document;
  const one = (text: string | null): string[] => (text === null ? [] : [foldText(text)]);
  return {
    id,
    created: created ?? '',
    texts: {
      title: one(title),
      tag: tags.map(foldText),
      correspondent: one(correspondent),
      owner: one(owner),
      type: one(documentType),
      folder: one(folder.join('/')),
    },
  };
}
