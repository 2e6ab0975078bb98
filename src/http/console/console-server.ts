import fastify, { type FastifyError, type FastifyReply } from 'fastify';

import { DATA_HEADERS } from '../headers';
import { FOREIGN_HOST, invalidHostReason, isLoopbackHost, originForm, requestedHost } from '../host';
import type { Address } from '../lifecycle/listen';
import { handleMalformedHttp, rawResponse } from '../lifecycle/malformed-http';
import { createLifecycle, type ServerLifecycle } from '../lifecycle/server-lifecycle';
import {
  acceptExpectHeaders,
  DEFAULT_TIMING,
  serverOptions,
  type ServerTiming,
} from '../lifecycle/server-options';
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
  const { clientErrorHandler, watch } = handleMalformedHttp(() => rawResponse(400, {}, ''));
  const server = fastify({
    ...serverOptions(timing),
    clientErrorHandler,
    rewriteUrl: originForm,
    // Fastify rejects a malformed URL before the first hook.
    frameworkErrors(error, request, reply) {
      sendMessage(reply, error.statusCode ?? 400, invalidHostReason(request) ?? error.message);
    },
  });
  watch(server.server);
  acceptExpectHeaders(server.server);
  server.addHook('onRequest', (request, reply, done) => {
    const reason = invalidHostReason(request);
    if (reason !== undefined) sendMessage(reply, 400, reason);
    else if (checkHostHeader && !isLoopbackHost(requestedHost(request)))
      sendMessage(reply, 421, FOREIGN_HOST);
    else done();
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  const pages = addConsoleRoutes(server, console);
  server.setNotFoundHandler(({ method, url }, reply) => {
    const [path = ''] = url.split('?');
    if (isPagePath(path, pages) && method !== 'GET' && method !== 'HEAD') {
      sendMessage(reply.header('allow', 'GET, HEAD'), 405, `${path} takes GET and HEAD.`);
    } else sendMessage(reply, 404, `There is nothing at ${path}. The console is at ${CONSOLE_PATH}.`);
  });
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) reportFault(error);
    sendMessage(
      reply,
      statusCode,
      statusCode < 500 ? error.message : 'Something went wrong. The log says what.',
    );
  });
  return { ...createLifecycle(server, address, { ...timing, variables: VARIABLES }), pages };
}

function sendMessage(reply: FastifyReply, status: number, message: string): void {
  void reply.headers(DATA_HEADERS).code(status).send({ message });
}
