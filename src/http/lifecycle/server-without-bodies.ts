import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';

import { FOREIGN_HOST, invalidHostReason, isLoopbackHost, originForm, requestedHost } from '../host';
import { handleMalformedHttp, rawResponse } from './malformed-http';
import { acceptExpectHeaders, serverOptions, type ServerTiming } from './server-options';

export interface ServerWithoutBodiesOptions {
  readonly timing: ServerTiming;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader: boolean;
  /** The headers of error responses. */
  readonly errorHeaders: Readonly<Record<string, string>>;
  /** Receives unexpected errors. */
  readonly reportFault: (error: unknown) => void;
}

/** Creates a server whose routes take no request bodies, and whose errors are JSON with a message. */
export function createServerWithoutBodies({
  timing,
  checkHostHeader,
  errorHeaders,
  reportFault,
}: ServerWithoutBodiesOptions): FastifyInstance {
  function sendMessage(reply: FastifyReply, status: number, message: string): void {
    void reply.headers(errorHeaders).code(status).send({ message });
  }

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
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) reportFault(error);
    sendMessage(
      reply,
      statusCode,
      statusCode < 500 ? error.message : 'Something went wrong. The log says what.',
    );
  });
  return server;
}
