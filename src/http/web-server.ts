import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { buildSubgraph } from '../subgraph/schema';
import { createApolloServer } from './apollo-server';
import { handleBrokenHttp } from './broken-http';
import { answerError, answerUnknownPaths, brokenHttpAnswer } from './errors';
import { addGraphqlRoute, type ContextFor } from './graphql-route';
import { readJsonStrictly } from './json-body';
import type { Address } from './listen';
import { LIFECYCLE_OPTIONS, lifecycleOf } from './server-lifecycle';
import { timingOptions, USUAL_TIMING, type ServerTiming } from './server-timing';

export const GRAPHQL_PATH = '/graphql';

/** Bytes in a request's body. */
const BODY_LIMIT = 1_048_576;

export interface WebServerOptions {
  readonly address: Address;
  /** Whether the schema may be explored: introspection, Sandbox, federated traces. */
  readonly explorable: boolean;
  readonly logger: Logger;
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
  readonly contextFor: ContextFor;
  readonly timing?: ServerTiming;
}

export interface WebServer {
  /**
   * Resolves with the address of the GraphQL endpoint once it listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
  /** Takes no new connection, lets requests under way finish for 10 seconds at the most, and resolves when all are closed. */
  readonly stop: () => Promise<void>;
}

/** The server that frontends' gateways and Apollo Sandbox talk to. */
export function createWebServer({
  address,
  explorable,
  logger,
  reportFault,
  contextFor,
  timing = USUAL_TIMING,
}: WebServerOptions): WebServer {
  const onError = (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
    answerError(error, reply, { bodyLimit: BODY_LIMIT, reportFault });
  };
  const { clientErrorHandler, watch } = handleBrokenHttp(brokenHttpAnswer);
  const server = fastify({
    frameworkErrors: onError,
    clientErrorHandler,
    ...timingOptions(timing),
    ...LIFECYCLE_OPTIONS,
  });
  watch(server.server);
  server.setErrorHandler(onError);
  answerUnknownPaths(server, GRAPHQL_PATH);
  readJsonStrictly(server, BODY_LIMIT);

  const apolloOptions = { explorable, logger, reportFault };
  const apollo = createApolloServer({ ...apolloOptions, schema: buildSubgraph().schema, traced: false });
  // Tracing wraps every resolver of its schema for good, so traces have a schema and a server of their own.
  const traced = explorable
    ? createApolloServer({ ...apolloOptions, schema: buildSubgraph().schema, traced: true })
    : apollo;
  addGraphqlRoute(server, {
    path: GRAPHQL_PATH,
    contextFor,
    serverFor: ({ headers }) => (headers['apollo-federation-include-trace'] === 'ftv1' ? traced : apollo),
  });

  const apollos = new Set([apollo, traced]);
  const lifecycle = lifecycleOf(server, address, timing);
  return {
    async start() {
      await Promise.all([...apollos].map((each) => each.start()));
      return `${await lifecycle.start()}${GRAPHQL_PATH}`;
    },
    async stop() {
      await lifecycle.stop();
      await Promise.all([...apollos].map((each) => each.stop()));
    },
  };
}
