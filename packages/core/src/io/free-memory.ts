// Gives the memory of a large buffer back at once. The garbage collector sees only small handles to buffers of some MiB, so it
// runs late: without this a run takes several times the memory it needs.

/** The buffer must not be used afterwards, nor any view of the same memory. Pieces of the shared pool are left alone. */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (!(buffer instanceof ArrayBuffer) || buffer.detached) return;
  // no piece of the pool is all of it
  if (buffer.byteLength > Buffer.poolSize || byteLength === buffer.byteLength) buffer.transfer(0);
}

/** True when the bytes are most of their memory, so that no other content can be in it. */
export function ownsMemory(bytes: Uint8Array): boolean {
  return bytes.byteLength * 2 > bytes.buffer.byteLength;
}
