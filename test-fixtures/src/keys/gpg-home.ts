// A keyring of its own for a test, with keys of made-up people; the agent that gpg starts for it ends with the test.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GpgHome {
  readonly directory: string;
  /** Makes a key; with a passphrase when one is given. */
  makeKey(who: string, passphrase?: string): void;
  /** Runs gpg there; throws with its message when it fails. */
  run(words: readonly string[], input?: Buffer): Buffer;
  /** Forgets what the agent has open. */
  forget(): void;
  remove(): void;
}

/** The directory has a short name: the socket of the agent lies in it. */
export function makeGpgHome(): GpgHome {
  const directory = mkdtempSync(join(tmpdir(), 'gpg-'));
  const env = { ...process.env, GNUPGHOME: directory };
  const run = (words: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer => {
    const { status, stdout, stderr } = spawnSync('gpg', ['--batch', '--no-tty', ...words], {
      env,
      input,
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`gpg ${words.join(' ')}: ${stderr.toString()}`);
    return stdout;
  };
  const stopAgent = () => execFileSync('gpgconf', ['--kill', 'gpg-agent'], { env });
  return {
    directory,
    run,
    makeKey(who, passphrase = '') {
      const secret = ['--pinentry-mode', 'loopback', '--passphrase', passphrase];
      run([...secret, '--quick-gen-key', who, 'default', 'default', 'never']);
    },
    forget: stopAgent,
    remove() {
      stopAgent();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
