// The thread's side of a source.

import { receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { failureToError } from '../io/worker-pool.ts';
import { readAge } from './age-source.ts';
import type { ByteSource, ThreadSourceData } from './byte-source.ts';
import { readExactly } from './file-source.ts';
import type { RangeAnswer } from './remote-source.ts';

export function openThreadSource(data: ThreadSourceData): ByteSource {
  if (data.kind === 'age') {
    const { payload } = data;
    const inner = openThreadSource(data.inner);
    return {
      sizeBytes: payload.plainBytes,
      read: (position, lengthBytes) => readAge(inner, payload, position, lengthBytes),
    };
  }
  const { sizeBytes } = data;
  if (data.kind === 'file') {
    return {
      sizeBytes,
      read: (position, lengthBytes) => readExactly(data.fd, position, lengthBytes),
    };
  }
  return {
    sizeBytes,
    read: (position, lengthBytes) => askMainThread(data.port, data.gate, position, lengthBytes),
  };
}

/** Posts the wish and sleeps until the main thread has answered, which it always does. */
function askMainThread(
  port: MessagePort,
  gate: Int32Array,
  position: number,
  lengthBytes: number,
): Buffer {
  Atomics.store(gate, 0, 0);
  port.postMessage({ position, lengthBytes });
  Atomics.wait(gate, 0, 0);
  const answer = receiveMessageOnPort(port)!.message as RangeAnswer;
  if ('failure' in answer) throw failureToError(answer.failure);
  const { buffer, byteOffset, byteLength } = answer.bytes;
  return Buffer.from(buffer, byteOffset, byteLength);
}
