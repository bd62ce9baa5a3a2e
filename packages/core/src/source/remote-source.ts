// An archive in a storage that reads ranges, over a network or through a program. What the main thread needs (seek table, seal,
// index, single entries) is kept in a temporary file without a name; threads have their ranges fetched while they wait.

import { readSync, writeSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { DmsBackupError } from '../errors.ts';
import { ownsMemory } from '../io/free-memory.ts';
import { Spool } from '../io/spool.ts';
import { errorToFailure } from '../io/worker-pool.ts';
import type { WorkerFailure } from '../io/worker-pool.ts';
import { writeError } from '../io/sink.ts';
import { NotLoaded } from './byte-source.ts';
import type { ArchiveSource, ThreadSource } from './byte-source.ts';

/** A file that is read in ranges. */
export interface RangeReader {
  readonly sizeBytes: number;
  /** Exactly these bytes. */
  read(position: number, lengthBytes: number): Promise<Buffer>;
}

/** What a thread asks for, and gets. */
interface Wish {
  readonly position: number;
  readonly lengthBytes: number;
}

export type RangeAnswer = { readonly bytes: Uint8Array } | { readonly failure: WorkerFailure };

/** What is loaded is rounded to this: a round trip costs as much as so many bytes. */
const blockBytes = 256 * 1024;
/** Of one request. */
const requestBytes = 8 * 1024 * 1024;

export class RemoteSource implements ArchiveSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #reader: RangeReader;
  readonly #cache = new Spool();
  readonly #loaded = new Set<number>();
  readonly #ports: MessagePort[] = [];

  /** The caller closes `reader`, after the source. */
  constructor(name: string, reader: RangeReader) {
    this.name = name;
    this.sizeBytes = reader.sizeBytes;
    this.#reader = reader;
  }

  read(position: number, lengthBytes: number): Buffer {
    this.#assertInside(position, lengthBytes);
    if (this.#missing(position, lengthBytes).length > 0)
      throw new NotLoaded(() => this.load(position, lengthBytes));
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    for (let done = 0; done < lengthBytes;)
      done += readSync(this.#cache.fd, bytes, done, lengthBytes - done, position + done);
    return bytes;
  }

  async load(position: number, lengthBytes: number): Promise<void> {
    this.#assertInside(position, lengthBytes);
    for (const { from, to } of this.#missing(position, lengthBytes)) {
      const start = from * blockBytes;
      const end = Math.min(this.sizeBytes, to * blockBytes);
      this.#keep(start, await this.#reader.read(start, end - start));
      for (let block = from; block < to; block++) this.#loaded.add(block);
    }
  }

  forThread(): ThreadSource {
    const { port1: ours, port2: port } = new MessageChannel();
    const gate = new Int32Array(new SharedArrayBuffer(4));
    ours.on('message', (wish: Wish) => void this.#answer(wish, ours, gate));
    ours.unref();
    this.#ports.push(ours);
    return { data: { kind: 'remote', port, gate, sizeBytes: this.sizeBytes }, transfer: [port] };
  }

  close(): void {
    for (const port of this.#ports) port.close();
    this.#cache.close();
  }

  /** Never rejects: the thread sleeps until it has its answer. */
  async #answer(wish: Wish, port: MessagePort, gate: Int32Array): Promise<void> {
    const answer = await this.#fetch(wish);
    const own = 'bytes' in answer && ownsMemory(answer.bytes) ? [answer.bytes.buffer] : [];
    port.postMessage(answer, own as ArrayBuffer[]);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  }

  async #fetch({ position, lengthBytes }: Wish): Promise<RangeAnswer> {
    try {
      this.#assertInside(position, lengthBytes);
      return { bytes: await this.#reader.read(position, lengthBytes) };
    } catch (error) {
      return { failure: errorToFailure(error) };
    }
  }

  #assertInside(position: number, lengthBytes: number): void {
    if (position < 0 || position + lengthBytes > this.sizeBytes)
      throw new DmsBackupError('archive-damaged', 'the archive ends in the middle of a frame');
  }

  /** Runs of blocks that are not here yet, none longer than a request. */
  #missing(position: number, lengthBytes: number): { from: number; to: number }[] {
    const runs: { from: number; to: number }[] = [];
    if (lengthBytes === 0) return runs;
    const last = Math.floor((position + lengthBytes - 1) / blockBytes);
    for (let block = Math.floor(position / blockBytes); block <= last; block++) {
      if (this.#loaded.has(block)) continue;
      const run = runs.at(-1);
      if (run?.to === block && (run.to - run.from) * blockBytes < requestBytes) run.to++;
      else runs.push({ from: block, to: block + 1 });
    }
    return runs;
  }

  #keep(position: number, bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#cache.fd, bytes, done, bytes.length - done, position + done);
    } catch (cause) {
      throw writeError(cause, 'the temporary directory');
    }
  }
}
