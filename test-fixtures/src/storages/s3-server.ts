// An S3 server for tests: fauxqs, which keeps objects, multipart uploads and ranges, behind a gate. The gate adds what fauxqs
// lacks (writes on condition, as Amazon has them since November 2024), and the answers of a server in trouble.

import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFauxqs, type FauxqsServer } from 'fauxqs';

export interface GateAnswer {
  readonly status: number;
  /** The code in the XML; none for an empty body. */
  readonly code?: string;
}

export interface S3Server {
  readonly port: number;
  /** What it does with `If-None-Match: *`: obeys, knows nothing of it, or refuses the request. */
  conditions: 'obeyed' | 'ignored' | 'refused';
  /** Answers in place of the server when it returns something. */
  intercept: ((request: IncomingMessage) => GateAnswer | 'lose-answer' | undefined) | undefined;
  /** Method, path and query, and headers of the requests so far. */
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  createBucket(name: string): void;
  /** Names of unfinished uploads and of objects of the bucket, as `aws` would list them. */
  everything(bucket: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const upstream = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  const uploads = new Map<string, string>();
  const gate = createServer((incoming, answer) => void pass(incoming, answer));
  await new Promise<void>((resolve) => {
    gate.listen(0, '127.0.0.1', resolve);
  });
  const state: S3Server = {
    port: (gate.address() as AddressInfo).port,
    conditions: 'obeyed',
    intercept: undefined,
    requests: [],
    createBucket: (name) => void upstream.createBucket(name),
    async everything(bucket) {
      const answer = await fetch(`http://127.0.0.1:${upstream.port}/${bucket}?list-type=2`);
      const text = await answer.text();
      const keys = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
      const unfinished = [...uploads.values()].filter((path) => path.startsWith(`/${bucket}/`));
      return [...keys, ...unfinished.map((path) => `upload of ${path}`)];
    },
    async stop() {
      gate.closeAllConnections();
      gate.close();
      await upstream.stop();
    },
  };

  async function pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    state.requests.push({ method, url, headers });
    const intercepted = state.intercept?.(incoming);
    if (intercepted !== undefined && intercepted !== 'lose-answer') {
      incoming.resume();
      return say(answer, intercepted);
    }
    if (headers['if-none-match'] === '*') {
      if (state.conditions === 'refused') {
        incoming.resume();
        return say(answer, { status: 501, code: 'NotImplemented' });
      }
      if (state.conditions === 'obeyed' && (await isThere(upstream, url))) {
        incoming.resume();
        return say(answer, { status: 412, code: 'PreconditionFailed' });
      }
    }
    const forwarded = send(
      { port: upstream.port, host: '127.0.0.1', method, path: url, headers },
      (reply) => {
        remember(method, url, reply);
        if (intercepted === 'lose-answer') {
          reply.resume();
          answer.destroy();
          return;
        }
        answer.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(answer);
      },
    );
    forwarded.on('error', () => answer.destroy());
    incoming.on('error', () => forwarded.destroy());
    incoming.pipe(forwarded);
  }

  /** fauxqs cannot list unfinished uploads. */
  function remember(method: string, url: string, reply: IncomingMessage): void {
    const { pathname, searchParams } = new URL(url, 'http://gate');
    const id = searchParams.get('uploadId');
    if (reply.statusCode !== undefined && reply.statusCode >= 300) return;
    if (method === 'POST' && searchParams.has('uploads')) {
      reply.on('data', (piece: Buffer) => {
        const found = /<UploadId>([^<]*)</.exec(piece.toString())?.[1];
        if (found) uploads.set(found, pathname);
      });
    } else if (id !== null && (method === 'DELETE' || method === 'POST')) uploads.delete(id);
  }

  return state;
}

async function isThere(upstream: FauxqsServer, url: string): Promise<boolean> {
  const { pathname } = new URL(url, 'http://gate');
  const answer = await fetch(`http://127.0.0.1:${upstream.port}${pathname}`, { method: 'HEAD' });
  return answer.ok;
}

function say(answer: ServerResponse, { status, code }: GateAnswer): void {
  answer.writeHead(status, { 'content-type': 'application/xml' });
  answer.end(
    code === undefined
      ? ''
      : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
  );
}
