// The thread's side of the pool, served in the test's own thread through a channel instead of a parent.

import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { beforeAll, expect, test, vi } from 'vitest';
import { DmsBackupError } from '../errors.ts';
import type * as Pool from './worker-pool.ts';

const ports = vi.hoisted(() => ({ inside: undefined as MessagePort | undefined }));
vi.mock('node:worker_threads', async (original) => {
  const module: object = await original();
  return {
    ...module,
    get parentPort() {
      return ports.inside;
    },
  };
});

let outside: MessagePort;
let serveJobs: typeof Pool.serveJobs;
beforeAll(async () => {
  const { port1, port2 } = new MessageChannel();
  [outside, ports.inside] = [port1, port2];
  ({ serveJobs } = await import('./worker-pool.ts'));
});

async function ask(id: number, job: unknown): Promise<unknown> {
  const answer = once(outside, 'message');
  outside.postMessage({ id, job });
  const [message] = (await answer) as [unknown];
  return message;
}

test('answers with results and failures as plain data until it is told to end', async () => {
  const sent: ArrayBuffer[] = [];
  serveJobs((job: string): { result: unknown; transfer: ArrayBuffer[] } => {
    if (job === 'ours') throw new DmsBackupError('no-space', 'full');
    // oxlint-disable-next-line no-throw-literal -- foreign code does
    if (job === 'text') throw 'just a text';
    if (job === 'uncloneable') return { result: () => undefined, transfer: [] };
    const bytes = new Uint8Array([1, 2, 3]);
    sent.push(bytes.buffer);
    return { result: { job, bytes }, transfer: [bytes.buffer] };
  });
  expect(await ask(1, 'work')).toEqual({
    id: 1,
    result: { job: 'work', bytes: new Uint8Array([1, 2, 3]) },
  });
  expect(sent[0]!.byteLength).toBe(0);
  expect(await ask(2, 'ours')).toMatchObject({
    id: 2,
    failure: { code: 'no-space', message: 'full' },
  });
  expect(await ask(3, 'text')).toMatchObject({
    id: 3,
    failure: { code: '', message: 'just a text' },
  });
  expect(await ask(4, 'uncloneable')).toMatchObject({
    id: 4,
    failure: { message: expect.stringContaining('could not be cloned') },
  });
  const closed = once(outside, 'close');
  outside.postMessage(null);
  await closed;
});

test('does nothing where there is no parent', () => {
  ports.inside = undefined;
  expect(() => serveJobs(() => ({ result: undefined, transfer: [] }))).not.toThrow();
});
