import { once } from 'node:events';
import { Server as ListeningServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';

import { closeUnreadResponses, watchConnections, type OpenConnections } from './connections';
import { listen, type Address, type AddressVariables } from './listen';
import { DEFAULT_TIMING, type ServerTiming } from './server-options';

/** Starts and stops a server. */
export interface ServerLifecycle {
  /**
   * Resolves with the server's origin once it listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
  /** Keeps serving, but closes each connection after its next response, so that clients connect to another server. */
  readonly drain: () => void;
  /**
   * Accepts no new connections, and waits for active requests.
   * @param graceMs for how long, in milliseconds; `stopGraceMs` by default
   * @returns the number of requests that were cut off, once all connections are closed
   */
  readonly stop: (graceMs?: number) => Promise<number>;
}

/**
 * How long idle connections stay open after the stop began, in milliseconds. Busy clients send another request within this time,
 * and its response closes the connection. A client that was idle for longer rarely sends a request just as its connection closes.
 */
const IDLE_GRACE_MS = 200;

export interface UpgradableLifecycle
  extends ServerLifecycle, Pick<OpenConnections, 'upgrading' | 'upgraded'> {}

export interface LifecycleOptions extends Partial<ServerTiming> {
  /** The variables that set the address, for error messages. */
  readonly variables?: AddressVariables;
}

/** @param server created with `serverOptions`, not listening yet */
export function createLifecycle(
  server: FastifyInstance,
  address: Address,
  {
    variables,
    headerMs = DEFAULT_TIMING.headerMs,
    requestMs = DEFAULT_TIMING.requestMs,
    keepAliveMs = DEFAULT_TIMING.keepAliveMs,
    stopGraceMs = DEFAULT_TIMING.stopGraceMs,
  }: LifecycleOptions = {},
): UpgradableLifecycle {
  let isDraining = false;
  const connections = watchConnections(server.server, { keepAliveMs, headerMs });
  closeUnreadResponses(server, requestMs);
  // Connections that stay open would keep the server from stopping.
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    done(null, payload);
  });

  /** Resolves with the number of requests that were cut off, once all connections are closed. */
  async function closeConnections(graceMs: number): Promise<number> {
    let cutOff = 0;
    const closed = once(server.server, 'close');
    // Not `http.Server.close`: it destroys idle connections, to which a request may be in transit, and it stops the check for
    // requests that time out.
    ListeningServer.prototype.close.call(server.server);
    const idleTimer = setTimeout(connections.closeIdle, IDLE_GRACE_MS);
    const stopTimer = setTimeout(() => {
      cutOff = connections.activeRequests();
      connections.destroyAll();
    }, graceMs);
    await closed;
    clearTimeout(idleTimer);
    clearTimeout(stopTimer);
    return cutOff;
  }

  return {
    start: () => listen(server, address, variables),
    upgrading: connections.upgrading,
    upgraded: connections.upgraded,
    drain() {
      isDraining = true;
    },
    async stop(graceMs = stopGraceMs) {
      isDraining = true;
      const cutOff = server.server.listening ? await closeConnections(graceMs) : 0;
      await server.close();
      return cutOff;
    },
  };
}

/**
 * Stops several servers at the same time.
 * @param delayMs how long they keep accepting connections, in milliseconds, so that a load balancer can notice that the server is
 * not ready
 * @returns the number of requests that were cut off
 */
export async function stopServers(
  servers: readonly Pick<ServerLifecycle, 'drain' | 'stop'>[],
  delayMs: number,
): Promise<number> {
  for (const server of servers) server.drain();
  if (delayMs > 0) await wait(delayMs);
  const counts = await Promise.all(servers.map((server) => server.stop()));
  return counts.reduce((sum, count) => sum + count, 0);
}
