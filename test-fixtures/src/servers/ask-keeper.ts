// One question to the keeper, one answer.

import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import type { KeeperAnswer, KeeperRequest } from './keeper-protocol.ts';

/** Throws what went wrong in the keeper. */
export async function askKeeper(
  directory: string,
  request: KeeperRequest,
): Promise<Exclude<KeeperAnswer, { failure: string }>> {
  const socket = connect(join(directory, 'door'));
  socket.write(`${JSON.stringify(request)}\n`);
  const answer = JSON.parse(await text(socket)) as KeeperAnswer;
  if ('failure' in answer) throw new Error(answer.failure);
  return answer;
}
