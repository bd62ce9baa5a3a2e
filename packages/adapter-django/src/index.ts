// The one export that the CLI looks for.

export { adapter } from './adapter.ts';
