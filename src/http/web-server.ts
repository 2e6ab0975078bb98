import type { Socket } from 'node:net';

import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import type { SubgraphContext } from '../subgraph/context';
import { buildSubgraph } from '../subgraph/schema';
import { createApolloServer } from './apollo-server';
import { errorBody, type HttpErrorCode } from './error-body';
import { addGraphqlRoute } from './graphql-route';
import { readJsonStrictly } from './json-body';

export const GRAPHQL_PATH = '/graphql';

/** Bytes in a request's body. */
const BODY_LIMIT = 1_048_576;

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
  /** Takes no new request, lets those under way finish, and resolves when the last has been answered. */
  readonly stop: () => Promise<void>;
}

/** An address that can't be listened on. The message says which, why, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The server that frontends' gateways and Apollo Sandbox talk to. */
export function createWebServer({ host, port, explorable, logger, contextFor }: WebServerOptions): WebServer {
  const server = fastify({ bodyLimit: BODY_LIMIT, clientErrorHandler: answerBrokenRequest });
  readJsonStrictly(server);
  answerErrorsAsJson(server, logger);

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

  const apollos = new Set([apollo, traced]);
  return {
    async start() {
      await Promise.all([...apollos].map((each) => each.start()));
      await listen(server, { host, port });
      return `${originOf(server, host)}${GRAPHQL_PATH}`;
    },
    async stop() {
      await server.close();
      await Promise.all([...apollos].map((each) => each.stop()));
    },
  };
}

function answerErrorsAsJson(server: FastifyInstance, logger: Logger): void {
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    reply.code(status).type('application/json; charset=utf-8');
    if (status >= 500) {
      logger.error({ err: error }, 'a request failed');
      return reply.send(
        errorBody('INTERNAL_SERVER_ERROR', 'Something went wrong on our side. The fault has been recorded.'),
      );
    }
    const code = CODE_OF_STATUS[status] ?? 'BAD_REQUEST';
    return reply.send(
      errorBody(
        code,
        code === 'BODY_TOO_LARGE' ? `The body has more than ${String(BODY_LIMIT)} bytes.` : error.message,
      ),
    );
  });
  server.setNotFoundHandler(({ url }, reply) =>
    reply
      .code(404)
      .type('application/json; charset=utf-8')
      .send(
        errorBody(
          'NOT_FOUND',
          `There is nothing at ${url.split('?')[0] ?? ''}. GraphQL is at ${GRAPHQL_PATH}.`,
        ),
      ),
  );
}

const CODE_OF_STATUS: Readonly<Record<number, HttpErrorCode>> = {
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** Answers what is not HTTP at all; there is no request then that a handler could be given. */
function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = errorBody('BAD_REQUEST', `The request is not valid HTTP/1.1 (${status.slice(4)}).`);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`,
  );
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
