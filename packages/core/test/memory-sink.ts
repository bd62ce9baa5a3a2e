// A sink that keeps what it gets, for tests of sinks that stand before another.

import type { Sink } from '../src/io/sink.ts';

export interface MemorySink extends Omit<Sink, 'discard'> {
  discard(): Promise<void>;
  readonly pieces: readonly number[];
  readonly state: 'open' | 'committed' | 'discarded';
  bytes(): Buffer;
}

/** `refuse`: throws what it returns, with each write. */
export function createMemorySink(refuse: () => Error | undefined = () => undefined): MemorySink {
  const parts: Buffer[] = [];
  let state: MemorySink['state'] = 'open';
  return {
    async write(bytes) {
      const error = refuse();
      if (error !== undefined) throw error;
      parts.push(Buffer.from(bytes));
    },
    async commit() {
      state = 'committed';
    },
    async discard() {
      state = 'discarded';
    },
    get pieces() {
      return parts.map(({ length }) => length);
    },
    get state() {
      return state;
    },
    bytes: () => Buffer.concat(parts),
  };
}
