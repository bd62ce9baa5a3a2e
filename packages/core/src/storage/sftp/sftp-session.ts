// One run of the user's own `ssh HOST -s sftp`, and the requests over its stdin and stdout. Many requests are under way at a
// time; when the connection is lost, all of them fail with `server-unreachable`, and the session is over.

import { once } from 'node:events';
import { DmsBackupError } from '../../errors.ts';
import {
  endProgram,
  killProgram,
  lastWords,
  startProgram,
  type ProgramCall,
  type ProgramEnd,
} from '../program.ts';
import {
  FieldReader,
  encodeFields,
  longestPacketBytes,
  notSftp,
  packetType,
  uint32,
  type Field,
} from './sftp-packet.ts';

export interface SftpAnswer {
  readonly type: number;
  readonly fields: FieldReader;
}

export interface SftpSession {
  /** Names of the extensions that the server offers. */
  readonly extensions: ReadonlySet<string>;
  readonly isLost: boolean;
  /** Sends a request; `data` is added to its last field without a copy. Throws `server-unreachable`. */
  request(type: number, fields: readonly Field[], data?: Uint8Array): Promise<SftpAnswer>;
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: SftpAnswer): void;
  reject(error: DmsBackupError): void;
}

/** Starts ssh and greets the server. Throws `server-unreachable`, `storage-denied`, `program-missing`, `usage`. */
export async function openSession(
  call: ProgramCall,
  url: string,
  stallMs: number,
): Promise<SftpSession> {
  const program = startProgram(call, ['pipe', 'pipe', 'pipe']);
  const { child, ended } = program;
  const waiting = new Map<number, Waiting>();
  let lost: DmsBackupError | undefined;
  let lastId = 0;
  let received: Buffer = Buffer.alloc(0);
  const greeting = 0xffff_ffff;

  let stall: NodeJS.Timeout | undefined;

  /** While answers are due, something must come within this time. */
  function watch(): void {
    clearTimeout(stall);
    if (waiting.size === 0 || lost) return;
    const silent = `'${url}' gives no answer any more`;
    stall = setTimeout(() => lose(new DmsBackupError('server-unreachable', silent)), stallMs);
  }

  function lose(error: DmsBackupError): void {
    lost ??= error;
    clearTimeout(stall);
    killProgram(child);
    for (const request of waiting.values()) request.reject(lost);
    waiting.clear();
  }

  function take(piece: Buffer): void {
    received = received.length === 0 ? piece : Buffer.concat([received, piece]);
    try {
      while (received.length >= 4) {
        const length = received.readUInt32BE();
        if (length < 5 || length > longestPacketBytes) throw notSftp();
        if (received.length < 4 + length) break;
        deliver(received.subarray(4, 4 + length));
        received = received.subarray(4 + length);
      }
    } catch (error) {
      lose(error instanceof DmsBackupError ? error : notSftp());
    }
    watch();
  }

  function deliver(packet: Buffer): void {
    const type = packet[0]!;
    const id = type === packetType.version ? greeting : packet.readUInt32BE(1);
    const receiver = waiting.get(id);
    if (!receiver || (id === greeting) !== (type === packetType.version)) throw notSftp();
    waiting.delete(id);
    receiver.resolve({
      type,
      fields: new FieldReader(packet.subarray(type === packetType.version ? 1 : 5)),
    });
  }

  function send(id: number, head: Buffer, data: Uint8Array): Promise<SftpAnswer> {
    if (lost) return Promise.reject(lost);
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      if (waiting.size === 1) watch();
      const stdin = child.stdin!;
      stdin.cork();
      stdin.write(Buffer.concat([uint32(head.length + data.length), head]));
      if (data.length > 0) stdin.write(data);
      stdin.uncork();
    });
  }

  child.stdout!.on('data', take);
  ended.then(
    (end) => lose(endOfSsh(end, url, call)),
    (error: DmsBackupError) => lose(error),
  );

  const hello = await send(
    greeting,
    Buffer.concat([Buffer.from([packetType.init]), uint32(3)]),
    Buffer.alloc(0),
  );
  if (hello.fields.number() < 3) {
    lose(notSftp());
    throw notSftp();
  }
  const extensions = new Set<string>();
  while (!hello.fields.isAtEnd) {
    extensions.add(hello.fields.text());
    hello.fields.bytes();
  }
  return {
    extensions,
    get isLost() {
      return lost !== undefined;
    },
    request(type, fields, data = Buffer.alloc(0)) {
      lastId = (lastId + 1) % greeting;
      const length = data.length > 0 ? uint32(data.length) : Buffer.alloc(0);
      const head = Buffer.concat([
        Buffer.from([type]),
        uint32(lastId),
        encodeFields(fields),
        length,
      ]);
      return send(lastId, head, data);
    },
    async close() {
      clearTimeout(stall);
      child.stdin!.end();
      await Promise.race([ended.catch(() => undefined), once(child, 'exit')]);
      await endProgram(program, 0);
    },
  };
}

/** Why ssh ended: it tells only in words. */
function endOfSsh({ said }: ProgramEnd, url: string, call: ProgramCall): DmsBackupError {
  const words = lastWords(said, call.environment);
  if (/host key verification failed|identification has changed|no .* host key is known/i.test(said))
    return new DmsBackupError(
      'storage-denied',
      `ssh does not know the host of '${url}': ${words}`,
      {
        hint: 'Log in once by hand with ssh, compare the fingerprint, and let ssh remember the host.',
      },
    );
  if (
    /permission denied|too many authentication failures|no such identity|bad permissions/i.test(
      said,
    )
  )
    return new DmsBackupError('storage-denied', `ssh cannot log in to '${url}': ${words}`, {
      hint: 'dms-backup never asks for a password: give ssh a key that needs none, or one in an agent, and try `ssh HOST` as this user.',
    });
  if (/subsystem request failed/i.test(said))
    return new DmsBackupError('storage-denied', `the server of '${url}' offers no sftp`, {
      hint: 'Ask its administrator to allow the sftp subsystem for this user.',
    });
  if (/bad configuration option|no such file or directory|can't open user config/i.test(said))
    return new DmsBackupError('usage', `ssh cannot use its configuration: ${words}`);
  return new DmsBackupError('server-unreachable', `lost the connection to '${url}': ${words}`);
}
