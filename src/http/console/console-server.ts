import type { FastifyReply } from 'fastify';

import { DATA_HEADERS } from '../headers';
import { createServerWithoutBodies } from '../lifecycle/server-without-bodies';
import type { Address } from '../lifecycle/listen';
import { createLifecycle, type ServerLifecycle } from '../lifecycle/server-lifecycle';
import { DEFAULT_TIMING, type ServerTiming } from '../lifecycle/server-options';
import { addConsoleRoutes, CONSOLE_PATH, isPagePath, type ConsoleOptions, type Pages } from './routes';

const VARIABLES = { host: 'CONSOLE_HOST', port: 'CONSOLE_PORT' };

export interface ConsoleServerOptions extends ConsoleOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader: boolean;
  /** Receives unexpected errors. */
  readonly reportFault: (error: unknown) => void;
  readonly timing?: ServerTiming;
}

export interface ConsoleServer extends ServerLifecycle {
  readonly pages: Pages;
}

/**
 * The server for the files of the console alone, beside a GraphQL server that answers nothing but its router. It has no data and no
 * secrets, and takes no request bodies.
 */
export function createConsoleServer({
  address,
  checkHostHeader,
  reportFault,
  timing = DEFAULT_TIMING,
  ...console
}: ConsoleServerOptions): ConsoleServer {
  const server = createServerWithoutBodies({
    timing,
    checkHostHeader,
    errorHeaders: DATA_HEADERS,
    reportFault,
  });
  const pages = addConsoleRoutes(server, console);
  server.setNotFoundHandler(({ method, url }, reply) => {
    const [path = ''] = url.split('?');
    if (isPagePath(path, pages) && method !== 'GET' && method !== 'HEAD') {
      sendMessage(reply.header('allow', 'GET, HEAD'), 405, `${path} takes GET and HEAD.`);
    } else sendMessage(reply, 404, `There is nothing at ${path}. The console is at ${CONSOLE_PATH}.`);
  });
  return { ...createLifecycle(server, address, { ...timing, variables: VARIABLES }), pages };
}

function sendMessage(reply: FastifyReply, status: number, message: string): void {
  void reply.headers(DATA_HEADERS).code(status).send({ message });
}
