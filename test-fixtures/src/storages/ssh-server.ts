// OpenSSH's own server for tests: on a free port, with keys and configuration of its own, for the user who runs the tests.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface SshServer {
  readonly port: number;
  /** `user@127.0.0.1:port`, to be followed by a path. */
  readonly address: string;
  /** The configuration for ssh: the key, and the host's key under a name that does not depend on the port. */
  readonly configFile: string;
  /** The same without a key, without the host's key, and with another host's key. */
  readonly brokenConfigFiles: { readonly noKey: string; readonly unknownHost: string };
  stop(): Promise<void>;
}

/** `denied`: requests that the sftp server does not offer, as after -P of sftp-server(8). */
export async function startSshServer(denied = ''): Promise<SshServer> {
  const room = mkdtempSync(join(tmpdir(), 'dms-core-ssh-'));
  const file = (name: string): string => join(room, name);
  for (const key of ['host', 'user', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(key)]);
  const port = await freePort();
  writeFileSync(file('authorized'), readFileSync(file('user.pub')));
  writeFileSync(file('known'), `server ${readFileSync(file('host.pub'), 'utf8')}`);
  writeFileSync(file('known-none'), '');
  writeFileSync(
    file('sshd_config'),
    `ListenAddress 127.0.0.1:${port}
HostKey ${file('host')}
AuthorizedKeysFile ${file('authorized')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 100
Subsystem sftp internal-sftp${denied === '' ? '' : ` -P ${denied}`}
`,
  );
  const configure = (name: string, key: string, known: string): string => {
    writeFileSync(
      file(name),
      `Host *
  IdentityFile ${file(key)}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ${file(known)}
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  HostKeyAlias server
`,
    );
    return file(name);
  };
  // sshd of root wants the directory into which it locks itself while a client logs in
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find((path) => {
    try {
      return readFileSync(path).length > 0;
    } catch {
      return false;
    }
  });
  if (program === undefined) throw new Error('these tests need sshd: install openssh-server');
  const server = spawn(program, ['-D', '-e', '-f', file('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  for (let left = 200; !(await answers(port)); left--) {
    if (left === 0 || server.exitCode !== null) throw new Error(`sshd did not start: ${log}`);
    await pause(50);
  }
  return {
    port,
    address: `${userInfo().username}@127.0.0.1:${port}`,
    configFile: configure('config', 'user', 'known'),
    brokenConfigFiles: {
      noKey: configure('config-no-key', 'stranger', 'known'),
      unknownHost: configure('config-unknown-host', 'user', 'known-none'),
    },
    async stop() {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
      rmSync(room, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    const finish = (isOpen: boolean) => () => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', finish(true)).once('error', finish(false));
  });
}
