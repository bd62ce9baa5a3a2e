// Encrypts an archive with gpg while it is written. A trial with nothing as input comes first: whatever gpg refuses is known
// before there is an archive. Pipes hold both sides back; between them lie a few hundred KiB.

import { DmsBackupError } from '../errors.ts';
import type { Sink } from '../io/sink.ts';
import {
  assertLine,
  feed,
  hasStatus,
  startGpg,
  type GpgEnd,
  type GpgProcess,
} from './gpg-process.ts';
import type { Encryption } from './keys.ts';

/** The sink below gets pieces of about this size. */
const batchBytes = 4 * 1024 * 1024;

/**
 * A sink that encrypts for `inner`, which it takes over: commit and discard reach it. Throws `encryption-failed` when gpg is missing or
 * refuses a recipient, and `usage` when there is nobody to encrypt for.
 */
export async function createGpgSink(
  inner: Sink,
  encryption: Pick<Encryption, 'recipients' | 'passphrase'>,
): Promise<Sink> {
  const words = encryptWords(encryption);
  const start = () => {
    const gpg = startGpg(words);
    gpg.secrets.end(`${encryption.passphrase ?? ''}\n`);
    return gpg;
  };
  const trial = start();
  trial.stdin.end();
  trial.stdout.resume();
  assertEncrypted(await trial.ended);

  const gpg = start();
  const flow = passOn(gpg, inner);
  flow.catch(() => gpg.kill());
  return {
    async write(bytes) {
      await feed(gpg.stdin, bytes);
      // the end of the flow knows why
      if (gpg.stdin.destroyed) {
        await flow;
        assertEncrypted(await gpg.ended);
        throw new DmsBackupError('encryption-failed', 'gpg stopped reading the archive');
      }
    },
    async commit() {
      gpg.stdin.end();
      await flow;
      assertEncrypted(await gpg.ended);
      await inner.commit();
    },
    async discard() {
      gpg.kill();
      await Promise.allSettled([gpg.ended, flow]);
      return inner.discard();
    },
  };
}

function encryptWords({
  recipients,
  passphrase,
}: Pick<Encryption, 'recipients' | 'passphrase'>): string[] {
  if (passphrase === undefined && recipients.length === 0)
    throw new DmsBackupError(
      'usage',
      'a gpg archive needs recipients or a passphrase, and none was given',
    );
  if (passphrase === '') throw new DmsBackupError('usage', 'the passphrase is empty');
  if (passphrase !== undefined) assertLine(passphrase);
  const wrong = recipients.find((recipient) => recipient === '' || recipient.startsWith('-'));
  if (wrong !== undefined) throw new DmsBackupError('usage', `'${wrong}' is no recipient of gpg`);
  return [
    '--no-armor',
    // the archive is compressed already
    '--compress-algo',
    'none',
    ...(passphrase === undefined ? [] : ['--symmetric', '--passphrase-fd', '4']),
    ...(recipients.length === 0 ? [] : ['--encrypt']),
    ...recipients.flatMap((recipient) => ['--recipient', recipient]),
    '--output',
    '-',
  ];
}

/** What comes out of gpg goes to the sink below, in larger pieces. */
async function passOn(gpg: GpgProcess, inner: Sink): Promise<void> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of gpg.stdout) {
    pieces.push(piece as Buffer);
    bytes += (piece as Buffer).length;
    if (bytes < batchBytes) continue;
    await inner.write(Buffer.concat(pieces));
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) await inner.write(Buffer.concat(pieces));
}

/** Reasons of gpg for refusing a recipient: the first word of INV_RECP. */
const reasons: Readonly<Record<string, string>> = {
  '1': 'there is no such key',
  '2': 'the name fits several keys',
  '3': 'the key is not for encryption',
  '4': 'the key was revoked',
  '5': 'the key has expired',
  '10': 'the key is not trusted',
};

function assertEncrypted(end: GpgEnd): void {
  const { status, exitCode, cause } = end;
  const refused = status.find((line) => line.startsWith('INV_RECP '));
  if (refused !== undefined) {
    const [, reason = '', ...who] = refused.split(' ');
    throw new DmsBackupError(
      'encryption-failed',
      `gpg refuses the recipient '${who.join(' ')}': ${reasons[reason] ?? 'there is no usable key'}`,
      {
        hint:
          reason === '10'
            ? 'If you are sure whose key it is, sign it with `gpg --lsign-key KEY`, as the user who runs the backup.'
            : 'Look with `gpg --list-keys`, as the user who runs the backup; import a missing key with `gpg --import FILE`.',
        cause,
      },
    );
  }
  if (exitCode !== 0 || !hasStatus(end, 'END_ENCRYPTION'))
    throw new DmsBackupError(
      'encryption-failed',
      `gpg could not encrypt the archive (${exitCode === null ? 'it was killed' : `exit code ${exitCode}`})`,
      { cause },
    );
}
