// Thread of tests: does what its job says, also what no thread should do.

import { DmsBackupError } from '../../src/errors.ts';
import { serveJobs } from '../../src/io/worker-pool.ts';

export type ThreadJob =
  | { readonly do: 'answer'; readonly value: unknown }
  | { readonly do: 'count'; readonly shared: Int32Array }
  | { readonly do: 'wait'; readonly shared: Int32Array }
  | { readonly do: 'fail'; readonly how: 'ours' | 'system' | 'text' | 'prototype' }
  | { readonly do: 'answer with a function' }
  | { readonly do: 'crash' }
  | { readonly do: 'exit' };

serveJobs((job: ThreadJob): { result: unknown; transfer: ArrayBuffer[] } => {
  switch (job.do) {
    case 'answer':
      return { result: job.value, transfer: [] };
    case 'count':
      Atomics.add(job.shared, 0, 1);
      return { result: undefined, transfer: [] };
    case 'wait':
      Atomics.add(job.shared, 0, 1);
      Atomics.notify(job.shared, 0);
      Atomics.wait(job.shared, 1, 0);
      return { result: 'waited', transfer: [] };
    case 'fail':
      throw failures[job.how];
    case 'answer with a function':
      return { result: () => undefined, transfer: [] };
    case 'crash':
      process.nextTick(() => {
        throw new Error('the thread crashed');
      });
      return { result: 'before the crash', transfer: [] };
    case 'exit':
      // in a thread this ends the thread alone
      // oxlint-disable-next-line unicorn/no-process-exit
      return process.exit(0);
    default:
      throw new TypeError(`unknown job ${JSON.stringify(job satisfies never)}`);
  }
});

const failures = {
  ours: new DmsBackupError('archive-damaged', 'the entry is damaged'),
  system: Object.assign(new Error('no such file'), { code: 'ENOENT' }),
  text: 'just a text',
  prototype: Object.assign(new Error('odd'), { code: 'toString' }),
};
