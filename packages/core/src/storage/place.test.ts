// What users write is understood, and nothing that holds a secret or could become a flag is let through.

import { describe, expect, test } from 'vitest';
import { caught } from '../../test/caught.ts';
import { parsePlace } from './place.ts';

test.each([
  ['.', { kind: 'local', directory: '.', fileName: undefined }],
  ['/backup/', { kind: 'local', directory: '/backup/', fileName: undefined }],
  ['/backup/a.tar.zst', { kind: 'local', directory: '/backup', fileName: 'a.tar.zst' }],
  ['./s3:x', { kind: 'local', directory: './s3:x' }],
  [
    's3://bucket',
    { kind: 's3', bucket: 'bucket', prefix: '', url: 's3://bucket', fileName: undefined },
  ],
  ['s3://bucket/some/where/', { kind: 's3', prefix: 'some/where/', url: 's3://bucket/some/where' }],
  ['s3://bucket/some/a.tar', { prefix: 'some/', fileName: 'a.tar', url: 's3://bucket/some' }],
  [
    's3://bucket/a.tar.gz?region=x',
    { prefix: '', fileName: 'a.tar.gz', region: 'x', url: 's3://bucket' },
  ],
  [
    's3://b-1/p?endpoint=https://h:9000&path-style=false',
    { endpoint: 'https://h:9000/', pathStyle: false },
  ],
  ['s3://b-1?sse=aws:kms&sse-kms-key-id=k', { encryption: { algorithm: 'aws:kms', keyId: 'k' } }],
  [
    'sftp://host/srv/b',
    { kind: 'sftp', host: 'host', user: undefined, port: undefined, path: '/srv/b' },
  ],
  [
    'sftp://me@host:2222/a%20b/x.tar',
    { user: 'me', port: 2222, path: '/a b', fileName: 'x.tar', url: 'sftp://me@host:2222/a%20b' },
  ],
  ['sftp://[::1]/~/deep/b', { host: '::1', path: 'deep/b' }],
  ['sftp://host', { path: '.' }],
  ['sftp://host/~/x.tar', { path: '.', fileName: 'x.tar' }],
  ['sftp://host/x.tar', { path: '/', fileName: 'x.tar' }],
  ['sftp://host/b?ssh-config=/etc/s', { configFile: '/etc/s', url: 'sftp://host/b' }],
  ['rclone:box:', { kind: 'rclone', remote: 'box:', url: 'rclone:box:' }],
  ['rclone:box:a/b/x.tar', { remote: 'box:a/b', fileName: 'x.tar' }],
  ['rclone:box,description="a:b":a', { remote: 'box,description="a:b":a' }],
  ['restic:/srv/r', { kind: 'restic', repository: '/srv/r', fileName: undefined }],
  [
    'restic:sftp:u@h:/r#latest',
    { repository: 'sftp:u@h:/r', fileName: 'latest', url: 'restic:sftp:u@h:/r' },
  ],
  ['restic:', { repository: undefined }],
  ['restic:#latest', { repository: undefined, fileName: 'latest' }],
])('%s', (word, wanted) => {
  expect(parsePlace(word)).toMatchObject(wanted);
});

describe('refused, without a word of what was written', () => {
  test.each([
    's3://key:hunter2@bucket/x',
    's3://bucket?endpoint=https://key:hunter2@host',
    's3://bucket?secret=hunter2',
    's3://bucket?hunter2=x',
    's3://',
    's3://bucket?sse=hunter2',
    's3://bucket?sse-kms-key-id=hunter2',
    'sftp://me:hunter2@host/x',
    'sftp://-oProxyCommand=hunter2/x',
    'sftp://-lhunter2@host/x',
    'sftp://ho st/hunter2',
    'sftp://host:99999/hunter2',
    'sftp://host/hunter2%zz',
    'sftp://host/x?key=hunter2',
    'rclone:hunter2',
    'rclone::s3,secret_access_key=hunter2:bucket',
    'rclone:--config=hunter2:x',
    'restic:rest:https://user:hunter2@host/',
    'restic:/srv#',
    'ftp://me:hunter2@host/x',
    'a\0hunter2',
  ])('%j', (word) => {
    const error = caught(() => parsePlace(word));
    expect(error.code).toBe('usage');
    expect(`${error.message} ${error.hint}`).not.toContain('hunter2');
  });
});
