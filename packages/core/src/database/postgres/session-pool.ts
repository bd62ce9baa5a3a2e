// A few sessions that are opened when needed and used again. A session that was abandoned is replaced by a new one.

import type { Session } from './connect.ts';

export interface SessionPool {
  /** Waits for a free session; opens one while there are fewer than the limit. */
  take(): Promise<Session>;
  giveBack(session: Session): void;
  close(): Promise<void>;
}

export function createSessionPool(limit: number, open: () => Promise<Session>): SessionPool {
  const free: Session[] = [];
  const waiting: (() => void)[] = [];
  const all = new Set<Session>();
  /** Open, opening or taken. */
  let count = 0;
  return {
    async take() {
      for (;;) {
        const session = free.pop();
        if (session) return session;
        if (count < limit) break;
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        await promise;
      }
      count++;
      try {
        const session = await open();
        all.add(session);
        return session;
      } catch (error) {
        count--;
        waiting.shift()?.();
        throw error;
      }
    },
    giveBack(session) {
      if (session.isOpen()) free.push(session);
      else {
        all.delete(session);
        count--;
      }
      waiting.shift()?.();
    },
    async close() {
      await Promise.all([...all].map((session) => session.close()));
    },
  };
}
