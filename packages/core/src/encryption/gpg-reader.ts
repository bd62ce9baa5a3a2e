// Decrypts an archive with gpg into a file of the caller. OpenPGP has no random access: what is read at any place must be
// decrypted as a whole before, and only the end of it proves that nothing was changed.

import { tmpdir } from 'node:os';
import type { Writable } from 'node:stream';
import { DmsBackupError, assertNotAborted } from '../errors.ts';
import { writeAll, writeError } from '../io/sink.ts';
import {
  assertLine,
  feed,
  hasStatus,
  startGpg,
  type GpgEnd,
  type GpgProcess,
} from './gpg-process.ts';
import { asksForPassphrase, noPassphrase, type Keys } from './keys.ts';

/**
 * Writes the content to the current place of `fd`, and returns its size. On any error what was written there is worth nothing: the
 * file must be one that goes with its descriptor. Throws `wrong-key` (also when a passphrase is needed and there is none),
 * `archive-damaged`, `encryption-failed` without gpg, `no-space`, and what reading `input` throws.
 */
export async function decryptGpg(
  input: AsyncIterable<Uint8Array>,
  keys: Keys,
  fd: number,
  signal?: AbortSignal,
): Promise<number> {
  const pieces = input[Symbol.asyncIterator]();
  let gpg: GpgProcess | undefined;
  try {
    const first = await pieces.next();
    const start = first.done === true ? new Uint8Array() : first.value;
    const answers = createAnswers(keys);
    // gpg's agent takes short passphrases only; those of the archive itself need not go through it
    const early = asksForPassphrase(start) ? await answers.passphrase() : undefined;
    if (early === '') throw noPassphrase();
    gpg = startGpg(
      ['--skip-verify', early === undefined ? '--command-fd' : '--passphrase-fd', '4', '--decrypt'],
      {
        onStatus: (line) => {
          if (gpg !== undefined && line.startsWith('GET_')) answers.give(gpg, line);
        },
        ...(signal === undefined ? {} : { signal }),
      },
    );
    if (early !== undefined) gpg.secrets.end(`${early}\n`);
    const taking = take(gpg, fd);
    taking.catch(() => gpg?.kill());
    await feed(gpg.stdin, start);
    await give(pieces, gpg.stdin);
    const [bytes, end] = await Promise.all([taking, gpg.ended]);
    assertNotAborted(signal);
    answers.assertGiven();
    assertDecrypted(end);
    return bytes;
  } catch (error) {
    gpg?.kill();
    // when there is no such program, that is the error
    await gpg?.ended;
    assertNotAborted(signal);
    throw error;
  } finally {
    await pieces.return?.();
  }
}

/** Answers what gpg asks. The passphrase is asked for once; a second question means that it was wrong, and an empty line says no. */
function createAnswers(keys: Keys) {
  let wasAsked = false;
  let failure: unknown;
  const passphrase = async () => {
    const found = wasAsked ? undefined : await keys.passphrase?.();
    wasAsked = true;
    if (found !== undefined) assertLine(found);
    return found ?? '';
  };
  const answer = async (gpg: GpgProcess, line: string) => {
    const text = line === 'GET_HIDDEN passphrase.enter' ? await passphrase() : '';
    await feed(gpg.secrets, Buffer.from(`${text}\n`));
  };
  return {
    passphrase,
    give(gpg: GpgProcess, line: string) {
      answer(gpg, line).catch((error: unknown) => {
        failure = error;
        gpg.kill();
      });
    },
    /** Throws what asking for the passphrase threw. */
    assertGiven() {
      if (failure !== undefined) throw failure;
    },
  };
}

async function give(pieces: AsyncIterator<Uint8Array>, stdin: Writable): Promise<void> {
  for (;;) {
    const { done, value } = await pieces.next();
    if (done === true || stdin.destroyed) break;
    await feed(stdin, value);
  }
  stdin.end();
}

async function take(gpg: GpgProcess, fd: number): Promise<number> {
  let bytes = 0;
  for await (const piece of gpg.stdout) {
    try {
      writeAll(fd, piece as Buffer);
    } catch (cause) {
      throw writeError(cause, tmpdir());
    }
    bytes += (piece as Buffer).length;
  }
  return bytes;
}

function assertDecrypted(end: GpgEnd): void {
  if (end.exitCode === 0 && hasStatus(end, 'DECRYPTION_OKAY')) return;
  const { cause } = end;
  const gotKey = hasStatus(end, 'DECRYPTION_KEY', 'PLAINTEXT', 'BADMDC');
  const wantedKey = hasStatus(end, 'NO_SECKEY', 'NEED_PASSPHRASE', 'NEED_PASSPHRASE_SYM', 'ERROR');
  if (wantedKey && !gotKey)
    throw new DmsBackupError('wrong-key', 'gpg has no key that opens the encrypted archive', {
      hint: 'Import the secret key into the keyring of this user, or give the passphrase (--passphrase-file). If they are right, the start of the file is damaged.',
      cause,
    });
  const sawData = end.status.some((line) => !line.startsWith('FAILURE '));
  if (!sawData)
    throw new DmsBackupError('encryption-failed', 'gpg does not start its work', { cause });
  throw new DmsBackupError(
    'archive-damaged',
    'gpg cannot decrypt the archive: it is cut or damaged',
    {
      cause,
    },
  );
}
