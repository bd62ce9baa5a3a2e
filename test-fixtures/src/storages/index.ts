// Real servers of storages for tests.

export { startS3Server } from './s3-server.ts';
export type { S3Server } from './s3-server.ts';
export { startSshServer } from './ssh-server.ts';
export type { SshServer } from './ssh-server.ts';
