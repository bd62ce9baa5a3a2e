// Receives COPY TO STDOUT: a query object for `pg` (as pg-copy-streams is one) that reads the socket itself while rows come,
// and hands all other messages to `pg`. Each row is one CopyData message whose length comes first (PostgreSQL documentation,
// 53.2.6 "COPY Operations"), so rows are never searched for their end, and each byte is copied once.

import type { Socket } from 'node:net';
import type { Connection, Submittable } from 'pg';
import { freeMemory } from '../../io/free-memory.ts';
import type { CopyChunk } from '../engine.ts';

const copyData = 0x64;
const copyDone = 0x63;
const errorResponse = 0x45;
const headerBytes = 5;
const newline = 0x0a;

/** Chunks that may wait for the consumer before the socket is paused. */
const waitingChunks = 1;

export class CopyReceiver implements Submittable {
  readonly #sql: string;
  readonly #chunkBytes: number;
  #socket: Socket | undefined;
  #forward: ((bytes: Buffer) => void) | undefined;

  readonly #header = Buffer.alloc(headerBytes);
  #headerLength = 0;
  /** Bytes of the present message that have not come yet. */
  #missing = 0;
  #isRow = false;

  #chunk: Buffer | undefined;
  #length = 0;
  #rows = 0;
  readonly #ready: CopyChunk[] = [];
  #totalRows = 0;
  #reportedRows: number | undefined;
  #isDone = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(sql: string, chunkBytes: number) {
    this.#sql = sql;
    this.#chunkBytes = chunkBytes;
  }

  /** The next chunk, undefined at the end. Rejects with the error of the server or of the connection. */
  async next(): Promise<CopyChunk | undefined> {
    for (;;) {
      const chunk = this.#ready.shift();
      if (chunk) {
        if (this.#ready.length < waitingChunks) this.#socket?.resume();
        return chunk;
      }
      if (this.#error) throw this.#error;
      if (this.#isDone) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** Gives the socket back; what still comes is for nobody. */
  stop(): void {
    this.#detach();
    this.#ready.length = 0;
  }

  submit(connection: Connection): void {
    const socket = connection.stream as Socket;
    const [forward] = socket.listeners('data') as ((bytes: Buffer) => void)[];
    if (!forward) throw new Error('the connection has no reader');
    this.#socket = socket;
    this.#forward = forward;
    socket.on('data', this.#onData);
    socket.removeListener('data', forward);
    connection.query(this.#sql);
  }

  handleCommandComplete(message: { text: string }): void {
    const match = /^COPY (\d+)$/.exec(message.text);
    if (match) this.#reportedRows = Number(match[1]);
  }

  handleReadyForQuery(): void {
    if (this.#isDone || this.#error) return;
    this.#flush();
    if (this.#reportedRows === this.#totalRows) this.#isDone = true;
    else this.#error = new Error('the server counts other rows than it sent');
    this.#notify();
  }

  handleError(error: Error): void {
    this.#detach();
    this.#error ??= error;
    this.#notify();
  }

  readonly #onData = (bytes: Buffer): void => {
    let offset = 0;
    let isShared = false;
    while (offset < bytes.length) {
      if (this.#missing === 0) {
        const type = bytes[offset] ?? 0;
        if (this.#headerLength === 0 && type === errorResponse) {
          this.#handBack(bytes.subarray(offset));
          return;
        }
        offset = this.#readHeader(bytes, offset);
        if (this.#headerLength < headerBytes) return;
        this.#headerLength = 0;
        if (this.#header[0] === copyDone) {
          this.#handBack(Buffer.from(this.#header), bytes.subarray(offset));
          return;
        }
        this.#missing = this.#header.readUInt32BE(1) - 4;
        this.#isRow = this.#header[0] === copyData;
        if (this.#isRow) this.#reserve(this.#missing);
        else this.#forward?.(Buffer.from(this.#header));
      }
      const end = Math.min(offset + this.#missing, bytes.length);
      if (this.#isRow) this.#append(bytes, offset, end);
      else if (end > offset) {
        this.#forward?.(bytes.subarray(offset, end));
        isShared = true;
      }
      this.#missing -= end - offset;
      offset = end;
      if (this.#missing === 0 && this.#isRow) this.#endRow();
    }
    // V8 collects the whole heap for every 64 MB of such buffers; nobody else has seen this one
    if (!isShared) freeMemory(bytes);
  };

  #readHeader(bytes: Buffer, offset: number): number {
    while (this.#headerLength < headerBytes && offset < bytes.length) {
      this.#header[this.#headerLength++] = bytes[offset++] ?? 0;
    }
    return offset;
  }

  /** Makes room for a row: in the present chunk, else in a new one. */
  #reserve(bytes: number): void {
    if (this.#chunk && this.#length + bytes <= this.#chunk.length) return;
    // A message that does not end a row (a pooler may cut rows) stays together with the next.
    const open = this.#length > 0 && !this.#endsRow() ? this.#chunk : undefined;
    if (!open) this.#flush();
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, this.#length + bytes));
    open?.copy(this.#chunk, 0, 0, this.#length);
  }

  #append(bytes: Buffer, start: number, end: number): void {
    if (this.#chunk) this.#length += bytes.copy(this.#chunk, this.#length, start, end);
  }

  #endRow(): void {
    if (!this.#endsRow()) return;
    this.#rows++;
    this.#totalRows++;
  }

  #endsRow(): boolean {
    return this.#chunk?.[this.#length - 1] === newline;
  }

  #flush(): void {
    if (this.#chunk && this.#length > 0) {
      this.#ready.push({ bytes: this.#chunk.subarray(0, this.#length), rows: this.#rows });
      this.#notify();
      if (this.#forward && this.#ready.length >= waitingChunks) this.#socket?.pause();
    }
    this.#chunk = undefined;
    this.#length = 0;
    this.#rows = 0;
  }

  #handBack(...rest: Buffer[]): void {
    const forward = this.#forward;
    this.#detach();
    for (const bytes of rest) if (bytes.length > 0) forward?.(bytes);
  }

  #detach(): void {
    const socket = this.#socket;
    if (!socket || !this.#forward) return;
    socket.on('data', this.#forward);
    socket.removeListener('data', this.#onData);
    this.#forward = undefined;
    socket.resume();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
