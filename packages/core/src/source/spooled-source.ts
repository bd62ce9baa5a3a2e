// An archive that comes as a stream (standard input): copied to a temporary file without a name first, because an archive is
// read from its end.

import { pipeline } from 'node:stream/promises';
import { DmsBackupError, isDmsBackupError } from '../errors.ts';
import { Spool } from '../io/spool.ts';
import { FileSource } from './file-source.ts';

/**
 * Copies the stream whole. Throws `no-space` or `destination-unwritable` when it cannot be kept, `source-unreadable` when the
 * stream fails, `interrupted`.
 */
export async function spoolStream(
  name: string,
  stream: AsyncIterable<Buffer | string> | NodeJS.ReadableStream,
  signal?: AbortSignal,
): Promise<FileSource> {
  const spool = new Spool();
  try {
    const keep = async (chunks: AsyncIterable<Buffer | string>): Promise<void> => {
      for await (const chunk of chunks) spool.append(chunk);
    };
    await pipeline(stream, keep, { ...(signal && { signal }) });
    spool.flush();
    return new FileSource({ fd: spool.fd, name });
  } catch (cause) {
    spool.close();
    if (signal?.aborted)
      throw new DmsBackupError('interrupted', 'interrupted by the user', { cause });
    if (isDmsBackupError(cause)) throw cause;
    throw new DmsBackupError('source-unreadable', `cannot read the archive from '${name}'`, {
      hint: 'The program that sends the archive has failed or was ended. Try again.',
      cause,
    });
  }
}
