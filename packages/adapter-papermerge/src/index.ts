// `@dms-backup/adapter-papermerge`: Papermerge 1.0 - 3.6.0a16.

export { adapter } from './adapter.ts';
