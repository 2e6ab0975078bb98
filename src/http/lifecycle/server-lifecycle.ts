import { once } from 'node:events';
import { Server as ListeningServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';

import { listen, type Address, type AddressVariables } from './listen';
import { cutUnreadAnswers, watchConnections } from './connections';
import { USUAL_TIMING, type ServerTiming } from './server-options';

/** The life of a server: it listens, and at some time it stops. */
export interface ServerLifecycle {
  /**
   * Resolves with the origin that clients reach it by, once it listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
  /** Goes on as before, but each connection is closed with its next answer, so that clients look for another server. */
  readonly drain: () => void;
  /**
   * Takes no new connection and lets requests under way finish, for as long as its grace is.
   * @returns once all connections are closed, how many requests were cut
   */
  readonly stop: () => Promise<number>;
}

/**
 * How long a connection on which nothing happens is listened to once the server stops, in milliseconds. A client that uses its
 * connection often sends its next request within that time, and is told with the answer that it was the last; who has not used
 * it for longer seldom does so in the moment in which it is closed.
 */
const LAST_CALL_MS = 200;

export interface LifecycleOptions extends Partial<ServerTiming> {
  /** What sets the address, for whoever must be told to change it. */
  readonly variables?: AddressVariables;
}

/** @param server made with `serverOptions`, not listening yet */
export function lifecycleOf(
  server: FastifyInstance,
  address: Address,
  {
    variables,
    headerMs = USUAL_TIMING.headerMs,
    requestMs = USUAL_TIMING.requestMs,
    keepAliveMs = USUAL_TIMING.keepAliveMs,
    stopGraceMs = USUAL_TIMING.stopGraceMs,
  }: LifecycleOptions = {},
): ServerLifecycle {
  let lastAnswers = false;
  const connections = watchConnections(server.server, { keepAliveMs, headerMs });
  cutUnreadAnswers(server, requestMs);
  // A connection that is kept alive would keep the server from ending: the last answer on each closes it.
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (lastAnswers) reply.header('connection', 'close');
    done(null, payload);
  });

  /** Resolves, once all connections are closed, with how many requests were cut. */
  async function letGoOfClients(): Promise<number> {
    let cut = 0;
    const closed = once(server.server, 'close');
    // Not by HTTP's own way, which would cut every connection on which nothing is under way, though a request may be on its
    // way to it, and would no longer look for requests that do not arrive in time.
    ListeningServer.prototype.close.call(server.server);
    const lastCall = setTimeout(connections.hangUpIdle, LAST_CALL_MS);
    const impatience = setTimeout(() => {
      cut = connections.requestsUnderWay();
      connections.cutAll();
    }, stopGraceMs);
    await closed;
    clearTimeout(lastCall);
    clearTimeout(impatience);
    return cut;
  }

  return {
    start: () => listen(server, address, variables),
    drain() {
      lastAnswers = true;
    },
    async stop() {
      lastAnswers = true;
      const cut = server.server.listening ? await letGoOfClients() : 0;
      await server.close();
      return cut;
    },
  };
}

/**
 * Stops servers together.
 * @param delayMs for which they go on taking whoever comes, in milliseconds, so that whoever sends clients here can find out that
 * it should not
 * @returns how many requests were cut
 */
export async function stopServers(
  servers: readonly Pick<ServerLifecycle, 'drain' | 'stop'>[],
  delayMs: number,
): Promise<number> {
  for (const server of servers) server.drain();
  if (delayMs > 0) await wait(delayMs);
  const cuts = await Promise.all(servers.map((server) => server.stop()));
  return cuts.reduce((sum, cut) => sum + cut, 0);
}
