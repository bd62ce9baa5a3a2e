// `sftp://user@host:port/path`: what OpenSSH's client is told. Nothing in it can become a flag of ssh.

import { DmsBackupError } from '../../errors.ts';

export interface SftpPlace {
  readonly kind: 'sftp';
  /** A name or address, or an alias of the user's ssh configuration. */
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** The directory: absolute, or relative to the user's home directory there. */
  readonly path: string;
  /** Another file than `~/.ssh/config`. */
  readonly configFile: string | undefined;
  readonly url: string;
}

/** Reads the URL; percent escapes in the path are decoded. Throws `usage`, never repeating the URL. */
export function parseSftpUrl(url: string): SftpPlace {
  const match = /^sftp:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/is.exec(url);
  if (!match) throw invalid('it does not begin with sftp://, or holds a #');
  const [, authority = '', rawPath = '', query = ''] = match;
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? undefined : decode(authority.slice(0, at));
  if (user?.includes(':')) {
    throw new DmsBackupError('usage', 'an sftp URL takes no password', {
      hint: 'Use a key that your ssh finds (agent or configuration); dms-backup logs in with your own ssh.',
    });
  }
  if (user !== undefined && !/^[\w.][\w.@\\+-]*$/.test(user))
    throw invalid('the user is not a name');
  const { host, port } = readHost(authority.slice(at + 1));
  const path = decode(rawPath);
  if (path.includes('\0')) throw invalid('the path holds a zero byte');
  return {
    kind: 'sftp',
    host,
    user,
    port,
    path: path === '' || path === '/~' ? '.' : path.replace(/^\/~\//, ''),
    configFile: readConfigFile(query),
    url: `sftp://${authority}${rawPath}`,
  };
}

function readHost(text: string): { host: string; port: number | undefined } {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([A-Za-z0-9_][\w.-]*))(?::(\d{1,5}))?$/.exec(
    text,
  );
  if (!match) throw invalid('the host is missing or not a name');
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && (port < 1 || port > 65_535)) throw invalid('there is no such port');
  return { host: match[1] ?? match[2] ?? '', port };
}

function readConfigFile(query: string): string | undefined {
  let file: string | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name !== 'ssh-config' || value === '' || file !== undefined)
      throw invalid('its only option is ssh-config=FILE');
    file = value;
  }
  return file;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('a percent escape is broken');
  }
}

function invalid(why: string): DmsBackupError {
  return new DmsBackupError('usage', `cannot use this sftp URL: ${why}`, {
    hint: 'Write sftp://user@host:port/path, or sftp://host/~/path below the home directory there.',
  });
}
