import type { FastifyInstance } from 'fastify';

import { listen, type Address, type AddressVariables } from './listen';
import { USUAL_TIMING } from './server-timing';

/** The life of a server: it listens, and at some time it stops. */
export interface ServerLifecycle {
  /**
   * Resolves with the origin that clients reach it by, once it listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
  /** Takes no new connection, lets requests under way finish for 10 seconds at the most, and resolves when all are closed. */
  readonly stop: () => Promise<void>;
}

/** How Fastify must be made for the life that it leads here. */
export const LIFECYCLE_OPTIONS = {
  // What still arrives on an open connection while the server stops is answered like any other request.
  return503OnClosing: false,
} as const;

export interface LifecycleOptions {
  /** What sets the address, for whoever must be told to change it. */
  readonly variables?: AddressVariables;
  /** How long requests under way have to finish once the server stops, in milliseconds. */
  readonly stopGraceMs?: number;
}

/** @param server made with `LIFECYCLE_OPTIONS`, not listening yet */
export function lifecycleOf(
  server: FastifyInstance,
  address: Address,
  { variables, stopGraceMs = USUAL_TIMING.stopGraceMs }: LifecycleOptions = {},
): ServerLifecycle {
  let stopping = false;
  // A connection that is kept alive would keep the server from ending: the last answer on each closes it.
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done(null, payload);
  });
  return {
    start: () => listen(server, address, variables),
    async stop() {
      stopping = true;
      const impatience = setTimeout(() => {
        server.server.closeAllConnections();
      }, stopGraceMs);
      await server.close();
      clearTimeout(impatience);
    },
  };
}
