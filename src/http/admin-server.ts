import fastify, { type FastifyError } from 'fastify';

import { handleBrokenHttp, wireAnswer } from './lifecycle/malformed-http';
import type { Address } from './lifecycle/listen';
import { FOREIGN_HOST, hostMistake, isOwnHost, originForm, requestedHost } from './hooks/host';
import { readinessOf, type Checks } from './readiness';
import { lifecycleOf, type ServerLifecycle } from './lifecycle/server-lifecycle';
import {
  serverOptions,
  takeWhateverIsExpected,
  USUAL_TIMING,
  type ServerTiming,
} from './lifecycle/server-options';

const VARIABLES = { host: 'HOST', port: 'ADMIN_PORT' };

/** All that there is here. */
const PATHS = { live: '/health/live', ready: '/health/ready', metrics: '/metrics' };

/** What one probe sees is not what the next one would; and nothing here is for a browser to interpret. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** A page of metrics, in the format that its content type names. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

export interface AdminServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader: boolean;
  readonly checks: Checks;
  readonly metrics: () => Promise<MetricsPage>;
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
  readonly timing?: ServerTiming;
}

/**
 * Health and metrics, for whoever operates the server. On a port of its own, so that it answers while the others are full or no
 * longer take anyone, and so that what leads there need not lead here.
 */
export function createAdminServer({
  address,
  checkHostHeader,
  checks,
  metrics,
  reportFault,
  timing = USUAL_TIMING,
}: AdminServerOptions): ServerLifecycle {
  const { clientErrorHandler, watch } = handleBrokenHttp(() => wireAnswer(400, {}, ''));
  const server = fastify({
    ...serverOptions(timing),
    clientErrorHandler,
    rewriteUrl: originForm,
  });
  watch(server.server);
  takeWhateverIsExpected(server.server);
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(HEADERS);
    done();
  });
  server.addHook('onRequest', (request, reply, done) => {
    const mistake = hostMistake(request);
    if (mistake === undefined) done();
    else void reply.code(400).send({ message: mistake });
  });
  if (checkHostHeader) {
    server.addHook('onRequest', (request, reply, done) => {
      if (isOwnHost(requestedHost(request))) done();
      else void reply.code(421).send({ message: FOREIGN_HOST });
    });
  }
  // Nothing here takes a body.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });

  // That it is answered is the whole answer: the event loop turns.
  server.get(PATHS.live, () => ({ live: true }));
  server.get(PATHS.ready, async (_request, reply) => {
    const readiness = await readinessOf(checks, reportFault);
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get(PATHS.metrics, async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.header('content-type', contentType).send(text);
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ message: `There is GET ${Object.values(PATHS).join(', ')}.` }),
  );
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ message: error.message });
    reportFault(error);
    return reply.code(500).send({ message: 'Something went wrong. The log says what.' });
  });
  return lifecycleOf(server, address, { ...timing, variables: VARIABLES });
}
