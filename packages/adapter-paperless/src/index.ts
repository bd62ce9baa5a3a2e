// `@dms-backup/adapter-paperless`: paperless-ngx 1.7.0 - 3.0.5.

export { adapter } from './adapter.ts';
