// `@dms-backup/adapter-nextgisweb`: NextGIS Web 3.5 - 5.5.

export { adapter } from './adapter.ts';
