// What users write for a place: a path, or a URL of a storage. Pure: nothing is looked up. A URL never carries a secret
// (it would be visible in the process list and in logs), and no message repeats a URL that may hold one.

import { basename, dirname } from 'node:path';
import { isFileName } from '../archive/archive-name.ts';
import { DmsBackupError } from '../errors.ts';
import { parseS3Url, type S3Place } from './s3/s3-url.ts';
import { parseSftpUrl, type SftpPlace } from './sftp/sftp-url.ts';

export interface LocalPlace {
  readonly kind: 'local';
  /** As written; relative to the working directory. */
  readonly directory: string;
}

export interface RclonePlace {
  readonly kind: 'rclone';
  /** `remote:path` as rclone takes it. */
  readonly remote: string;
}

export interface ResticPlace {
  readonly kind: 'restic';
  /** As restic takes it, or undefined: RESTIC_REPOSITORY or RESTIC_REPOSITORY_FILE says it. */
  readonly repository: string | undefined;
}

interface NamedPlace {
  /** The place as users write it, without options and archive. For messages. */
  readonly url: string;
  /** The archive, if the last part names one; in restic a snapshot, `latest` or the name of the archive. */
  readonly fileName: string | undefined;
}

export type Place = NamedPlace & (LocalPlace | S3Place | SftpPlace | RclonePlace | ResticPlace);

/**
 * Reads what was written for a destination or an archive. Throws `usage` for an unknown kind of storage, for URLs that
 * are not complete and for URLs with a password.
 */
export function parsePlace(word: string): Place {
  if (word.includes('\0')) throw new DmsBackupError('usage', 'a place cannot hold a zero byte');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(word)?.[1]?.toLowerCase();
  if (scheme === 's3') {
    const { prefix, ...place } = parseS3Url(word);
    const { folder, fileName } = splitFileName(prefix);
    const url = `s3://${place.bucket}${folder === '' ? '' : `/${folder}`}`;
    return { ...place, prefix: folder === '' ? '' : `${folder}/`, url, fileName };
  }
  if (scheme === 'sftp') {
    const { path, ...place } = parseSftpUrl(word);
    const { folder, fileName } = splitFileName(path);
    const url = fileName === undefined ? place.url : place.url.replace(/\/[^/]*$/, '');
    return { ...place, path: folder === '' ? '.' : folder, url, fileName };
  }
  if (scheme === 'rclone') return rclonePlace(word);
  if (scheme === 'restic') return resticPlace(word);
  if (scheme !== undefined && word.startsWith(`${scheme}://`)) {
    throw new DmsBackupError('usage', `there is no storage '${scheme}:'`, {
      hint: 'Write a directory, s3://bucket/prefix, sftp://user@host/path, rclone:remote:path or restic:REPOSITORY.',
    });
  }
  return localPlace(word);
}

function localPlace(word: string): Place {
  const fileName = isFileName(word) ? basename(word) : undefined;
  const directory = fileName === undefined ? word : dirname(word);
  return { kind: 'local', directory, url: directory, fileName };
}

function rclonePlace(word: string): Place {
  const remote = word.slice('rclone:'.length);
  const colon = endOfRemote(remote);
  if (colon < 0)
    throw new DmsBackupError('usage', 'the remote of rclone is missing', {
      hint: 'Write rclone:remote:path, with a remote that `rclone listremotes` shows.',
    });
  const head = remote.slice(0, colon);
  if (head.startsWith('-') || /(?:pass|secret|key|token|credential)\w*=/i.test(head)) {
    throw new DmsBackupError('usage', 'the remote of rclone holds a secret or a flag', {
      hint: 'Name a remote of the configuration of rclone, and keep secrets there or in RCLONE_CONFIG_... variables.',
    });
  }
  const { folder, fileName } = splitFileName(remote.slice(colon + 1));
  const directory = `${head}:${folder}`;
  return { kind: 'rclone', remote: directory, url: `rclone:${directory}`, fileName };
}

/** Where the name of a remote ends; options of a remote may hold colons between quotes. -1 if there is no remote. */
function endOfRemote(remote: string): number {
  let quote: string | undefined;
  for (let at = 0; at < remote.length; at++) {
    const letter = remote[at];
    if (quote !== undefined) quote = letter === quote ? undefined : quote;
    else if (at > 0 && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === ':' && at > 0) return at;
  }
  return -1;
}

function resticPlace(word: string): Place {
  const [, repository = '', snapshot] =
    /^([^#]*)(?:#(.*))?$/s.exec(word.slice('restic:'.length)) ?? [];
  if (snapshot === '') throw new DmsBackupError('usage', 'the snapshot after # is missing');
  if (/:\/\/[^/]*:[^/@]*@/.test(repository)) {
    throw new DmsBackupError('usage', 'the URL of the restic repository holds a password', {
      hint: 'Put the repository into RESTIC_REPOSITORY_FILE and write `restic:` alone, or use RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD.',
    });
  }
  return {
    kind: 'restic',
    repository: repository === '' ? undefined : repository,
    url: `restic:${repository}`,
    fileName: snapshot,
  };
}

/** Takes the archive off the end of a path. The root of a path is kept. */
function splitFileName(path: string): { folder: string; fileName: string | undefined } {
  const trimmed = path.replace(/(?<=.)\/+$/s, '');
  if (trimmed !== path || !isFileName(trimmed)) return { folder: trimmed, fileName: undefined };
  const slash = trimmed.lastIndexOf('/');
  return {
    folder: slash === 0 ? '/' : trimmed.slice(0, Math.max(slash, 0)),
    fileName: trimmed.slice(slash + 1),
  };
}
