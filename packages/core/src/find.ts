// The verb `find`: which documents an archive has, by words. Reads its index and its catalogue, nothing else.

import { showPath } from './archive/entry-path.ts';
import { cataloguePath, readCatalogue } from './archive/read-catalogue.ts';
import type { ArchiveReader } from './archive/reader.ts';
import { assertNotAborted } from './errors.ts';
import { FoundDocuments } from './find/found-documents.ts';
import { parseQuery, parseTextQuery } from './find/query.ts';
import { openNamedArchive } from './named-archive.ts';
import type { FindOptions, FindResult } from './verb.ts';

/** Throws `usage` for words that cannot be understood, `archive-damaged`, and what `openNamedArchive` throws. */
export async function find(options: FindOptions): Promise<FindResult> {
  const search = options.files ? findFiles(options) : findDocuments(options);
  const { reader, name, close } = await openNamedArchive(options);
  try {
    const { app, createdAt } = reader.manifest();
    const { documents } = reader.seal.counts;
    const found = await search(reader);
    return { archive: name, app: app.title, createdAt, documents, found, exitCode: 0 };
  } finally {
    await close();
  }
}

type Search = (reader: ArchiveReader) => Promise<number>;

function findDocuments({ words, onFound, signal }: FindOptions): Search {
  const matches = parseQuery(words);
  return async (reader) => {
    const found = new FoundDocuments();
    try {
      const [catalogue] = [...reader.lookUp((path) => path === cataloguePath)];
      for await (const document of readCatalogue(reader, catalogue)) {
        assertNotAborted(signal);
        if (matches(document)) found.add(document);
      }
      found.measure(reader);
      let count = 0;
      for (const document of found.all()) {
        assertNotAborted(signal);
        onFound({ type: 'document', ...document });
        count++;
      }
      return count;
    } finally {
      found.close();
    }
  };
}

function findFiles({ words, onFound, signal }: FindOptions): Search {
  const matches = parseTextQuery(words);
  return (reader) => {
    let count = 0;
    for (const { pathBytes, type, size, mtime } of reader.lookUp(matches)) {
      assertNotAborted(signal);
      if (type === 'directory') continue;
      const modifiedAt = new Date(Number(mtime) * 1000).toISOString();
      const [path, sizeBytes] = [showPath(pathBytes), size];
      onFound({ type: 'entry', path, isLink: type === 'link', sizeBytes, modifiedAt });
      count++;
    }
    return Promise.resolve(count);
  };
}
