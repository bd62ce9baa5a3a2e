// Opens some documents of a restored instance, other ones each time, so that drills cover more and more. What rows and links
// say is not trusted: nothing outside of the scratch folder is opened.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Adapter, CatalogueDocument, Instance } from '../adapter.ts';
import { checked } from '../adapter-check.ts';
import { CatalogueDocumentSchema } from '../adapter-schema.ts';
import type { DatabaseReader } from '../database/engine.ts';
import { assertNotAborted, systemErrorCode } from '../errors.ts';
import type { SampleProblem } from '../verb.ts';
import { endBytes, fileProblem, type FileEnds } from './file-kinds.ts';

/** Documents that are opened. */
const sampleSize = 100;

export interface SampleReport {
  /** Documents of which at least one file was there to be opened. */
  readonly sampled: number;
  readonly problems: readonly SampleProblem[];
}

/** Files that are missing are no problem here: `check` finds them. Throws `adapter-invalid`, `interrupted`. */
export async function openSample(
  adapter: Adapter,
  database: DatabaseReader,
  instance: Instance,
  signal: AbortSignal | undefined,
): Promise<SampleReport> {
  const documents = await pick(catalogue(adapter, database, instance, signal), sampleSize);
  const problems: SampleProblem[] = [];
  let sampled = 0;
  for (const { id, title, documentVersions } of documents) {
    assertNotAborted(signal);
    let opened = 0;
    for (const { root, path } of documentVersions.at(-1)?.files ?? []) {
      const directory = instance.roots.find(({ name }) => name === root)?.directory;
      const found = directory === undefined ? undefined : readEnds(directory, path);
      if (found === undefined) continue;
      opened++;
      const text = typeof found === 'string' ? found : fileProblem(path, found);
      if (text !== undefined)
        problems.push({ documentId: id, documentTitle: title, root, path, text });
    }
    if (opened > 0) sampled++;
  }
  return { sampled, problems };
}

async function* catalogue(
  adapter: Adapter,
  database: DatabaseReader,
  instance: Instance,
  signal: AbortSignal | undefined,
): AsyncGenerator<CatalogueDocument> {
  for await (const each of adapter.documents(database, instance)) {
    assertNotAborted(signal);
    yield checked(CatalogueDocumentSchema, each, adapter.name, 'documents');
  }
}

/** Each of a stream with the same chance (Vitter's algorithm R), in memory for `size` of them. */
export async function pick<T>(
  stream: AsyncIterable<T>,
  size: number,
  random: () => number = Math.random,
): Promise<T[]> {
  const picked: T[] = [];
  let seen = 0;
  for await (const each of stream) {
    seen++;
    if (picked.length < size) picked.push(each);
    else {
      const place = Math.floor(random() * seen);
      if (place < size) picked[place] = each;
    }
  }
  return picked;
}

const notThere = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']);

/** The ends of a file; undefined when it is not there or lies elsewhere; else why it cannot be opened. */
function readEnds(directory: string, path: string): FileEnds | string | undefined {
  let fd: number | undefined;
  try {
    const real = realpathSync(join(directory, path));
    if (!real.startsWith(realpathSync(directory) + sep)) return undefined;
    // a pipe must not make us wait
    fd = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(fd);
    if (!status.isFile()) return 'is no file';
    const { size } = status;
    const length = Math.min(size, endBytes);
    return { head: readAt(fd, 0, length), tail: readAt(fd, size - length, length), size };
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unknown error';
    return notThere.has(code) ? undefined : `cannot be opened (${code})`;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}
