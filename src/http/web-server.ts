import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from 'pino';

import type { SubgraphContext } from '../subgraph/context';
import { buildSubgraph } from '../subgraph/schema';
import { createApolloServer } from './apollo-server';
import { answerBrokenHttp, answerError, answerUnknownPaths } from './errors';
import { addGraphqlRoute } from './graphql-route';
import { readJsonStrictly } from './json-body';

export const GRAPHQL_PATH = '/graphql';

/** Bytes in a request's body. */
const BODY_LIMIT = 1_048_576;

/** How long requests under way have to finish once the server stops. */
const STOP_GRACE_MS = 10_000;

export interface WebServerOptions {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Whether the schema may be explored: introspection, Sandbox, federated traces. */
  readonly explorable: boolean;
  readonly logger: Logger;
  readonly contextFor: (request: FastifyRequest) => SubgraphContext;
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

/** An address that can't be listened on. The message says which, why, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The server that frontends' gateways and Apollo Sandbox talk to. */
export function createWebServer({ host, port, explorable, logger, contextFor }: WebServerOptions): WebServer {
  const onError = (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
    answerError(error, reply, {
      bodyLimit: BODY_LIMIT,
      reportFault: (fault) => {
        logger.error({ err: fault }, 'a request failed');
      },
    });
  const server = fastify({
    bodyLimit: BODY_LIMIT,
    frameworkErrors: onError,
    clientErrorHandler: answerBrokenHttp,
  });
  server.setErrorHandler(onError);
  answerUnknownPaths(server, GRAPHQL_PATH);
  readJsonStrictly(server);

  const apollo = createApolloServer({ schema: buildSubgraph().schema, logger, explorable, traced: false });
  // Tracing wraps every resolver of its schema for good, so traces have a schema and a server of their own.
  const traced = explorable
    ? createApolloServer({ schema: buildSubgraph().schema, logger, explorable, traced: true })
    : apollo;
  addGraphqlRoute(server, {
    path: GRAPHQL_PATH,
    contextFor,
    serverFor: ({ headers }) => (headers['apollo-federation-include-trace'] === 'ftv1' ? traced : apollo),
  });

  let stopping = false;
  // A connection that is kept alive would keep the server from ending: the last answer on each closes it.
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done(null, payload);
  });

  const apollos = new Set([apollo, traced]);
  return {
    async start() {
      await Promise.all([...apollos].map((each) => each.start()));
      await listen(server, { host, port });
      return `${originOf(server, host)}${GRAPHQL_PATH}`;
    },
    async stop() {
      stopping = true;
      const impatience = setTimeout(() => {
        server.server.closeAllConnections();
      }, STOP_GRACE_MS);
      await server.close();
      clearTimeout(impatience);
      await Promise.all([...apollos].map((each) => each.stop()));
    },
  };
}

async function listen(
  server: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const reason = REASON_OF_CODE[code] ?? `the system says ${code}`;
    throw new ListenError(`Can't listen on HOST ${host}, PORT ${String(port)}: ${reason}.`, { cause: error });
  }
}

const REASON_OF_CODE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process does. Stop it, or set PORT to one that is free',
  EADDRNOTAVAIL: 'this machine has no such address. Set HOST to one of its own',
  EACCES: 'this user may not. Set PORT to 1024 or higher',
  ENOTFOUND: 'no such host name is known. Set HOST to an address',
};

function originOf(server: FastifyInstance, host: string): string {
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(address.port)}`;
}
