import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import type { Authentication } from '../authentication/authentication';
import type { DocumentLimits } from '../graphql/limits/document-limits';
import { buildSubgraph } from '../subgraph/schema';
import { createAdmission, type Admission } from './hooks/admission-queue';
import { createApolloServer } from '../graphql/apollo/apollo-server';
import { addUserAuthentication } from './hooks/authenticate-user';
import { addRouterAuthentication } from './hooks/authenticate-router';
import { handleMalformedHttp } from './lifecycle/malformed-http';
import { addCors } from './hooks/cors';
import { sendErrorResponse, addNotFoundHandler, malformedHttpResponse } from './errors';
import { addGraphqlRoute, type ContextFor } from './graphql/graphql-route';
import { createBodyReader, type BodyReader } from './body/body-budget';
import { addJsonParser } from './body/json-parser';
import type { Address } from './lifecycle/listen';
import { startRecord, respondToMalformedHttp, recordRequests, type RequestLogOptions } from './request-log/record-requests';
import { requestIdOf } from './headers';
import type { RequestObserver } from '../telemetry/events';
import { addHostCheck, originForm, requireLoopbackHost } from './hooks/host';
import { addSecurityHeaders } from './hooks/security-headers';
import { traceRequests } from './request-log/request-spans';
import { createLifecycle, type ServerLifecycle } from './lifecycle/server-lifecycle';
import {
  maxHeaderBytes,
  serverOptions,
  acceptExpectHeaders,
  DEFAULT_TIMING,
  type ServerTiming,
} from './lifecycle/server-options';
import { addRateLimits, chargeTo, type RateLimits } from './hooks/rate-limits';
import { admitGraphqlRequests } from './hooks/admission';

export const GRAPHQL_PATH = '/graphql';

export interface GraphqlServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader?: boolean;
  /** The origins whose pages may read answers. */
  readonly corsOrigins?: readonly string[];
  /** The places for requests that are worked on at a time. */
  readonly admission?: Admission;
  /** Bounds the bodies that are on their way. */
  readonly bodyReader?: BodyReader;
  /** What each person may ask for; undefined where nobody is told from another. */
  readonly budgets?: RateLimits | undefined;
  /** Whether the schema may be explored: introspection, Sandbox, federated traces. */
  readonly introspectionEnabled: boolean;
  readonly logger: Logger;
  /** Is told of what goes wrong on our side, and in which request. */
  readonly reportFault: (error: unknown, requestId?: string) => void;
  readonly authentication: Authentication;
  readonly limits: { readonly bodyBytes: number; readonly document: DocumentLimits };
  /** How long the execution of a request may take, in milliseconds. */
  readonly executionMs: number;
  readonly contextFor: ContextFor;
  /** Is told of every request, once, when it has ended. */
  readonly observe?: RequestObserver;
  /** Whether requests are traced. */
  readonly traced?: boolean;
  readonly timing?: ServerTiming;
}

export interface GraphqlServer extends ServerLifecycle {
  /** What can be asked for, by which requests are told apart: the root fields of the schema. */
  readonly operations: readonly string[];
  /**
   * Resolves with the address of the GraphQL endpoint once it listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
}

/** The server that frontends' gateways and Apollo Sandbox talk to. */
export function createGraphqlServer({
  address,
  checkHostHeader = false,
  corsOrigins = [],
  admission = createAdmission(Infinity),
  bodyReader = createBodyReader(),
  budgets,
  introspectionEnabled,
  logger,
  reportFault,
  authentication,
  limits,
  executionMs,
  contextFor,
  observe = () => undefined,
  traced: inSpans = false,
  timing = DEFAULT_TIMING,
}: GraphqlServerOptions): GraphqlServer {
  const onError = (error: FastifyError, { id }: FastifyRequest, reply: FastifyReply) => {
    sendErrorResponse(error, reply, {
      bodyLimit: limits.bodyBytes,
      reportFault: (fault) => {
        reportFault(fault, id);
      },
    });
  };
  const records: RequestLogOptions = { server: 'graphql', observe };
  const { clientErrorHandler, watch } = handleMalformedHttp(respondToMalformedHttp(records, malformedHttpResponse));
  const options = serverOptions(timing);
  const server = fastify({
    ...options,
    http: {
      ...options.http,
      maxHeaderSize: maxHeaderBytes(authentication.user?.maxBytes ?? 0),
    },
    frameworkErrors(error, request, reply) {
      startRecord(request, reply, records);
      const misaddressed = hostError(request);
      if (misaddressed) {
        sendErrorResponse(misaddressed, reply, { bodyLimit: limits.bodyBytes, reportFault });
        return;
      }
      // What is wrong with it is for nobody to know but the router.
      authenticateRouter(request, reply)
        .then(() => error)
        .catch((refusal: unknown) => refusal as FastifyError)
        .then((worse) => {
          onError(worse, request, reply);
        })
        .catch(() => reply.raw.destroy());
    },
    clientErrorHandler,
    genReqId: requestIdOf,
    rewriteUrl: originForm,
  });
  watch(server.server);
  acceptExpectHeaders(server.server);
  recordRequests(server, records);
  if (inSpans) traceRequests(server, GRAPHQL_PATH);
  server.setErrorHandler(onError);
  addSecurityHeaders(server);
  const hostError = addHostCheck(server);
  if (checkHostHeader) requireLoopbackHost(server);
  const authenticateRouter = addRouterAuthentication(server, {
    proof: authentication.router,
    bodyLimit: limits.bodyBytes,
    bodyReader,
  });
  addCors(server, { path: GRAPHQL_PATH, origins: corsOrigins });
  // Who waits until the issuer is asked for a key, or has asked for enough, takes no place from others meanwhile.
  addUserAuthentication(server, { authentication, introspectionEnabled, logger });
  if (budgets) addRateLimits(server, budgets);
  const bodyLimits = { limit: limits.bodyBytes, patience: limits.bodyBytes };
  admitGraphqlRequests(server, { admission, bodyReader, bodyLimits, timeoutMs: timing.requestMs });
  addNotFoundHandler(server, GRAPHQL_PATH);
  addJsonParser(server);

  const apolloOptions = { introspectionEnabled, logger, limits: limits.document };
  const { schema } = buildSubgraph();
  const apollo = createApolloServer({ ...apolloOptions, schema, traced: false });
  // Tracing wraps every resolver of its schema for good, so traces have a schema and a server of their own.
  // Where nobody may have them, neither is made.
  const traced =
    introspectionEnabled || authentication.router
      ? createApolloServer({ ...apolloOptions, schema: buildSubgraph().schema, traced: true })
      : apollo;
  addGraphqlRoute(server, {
    path: GRAPHQL_PATH,
    contextFor,
    spend: chargeTo(budgets),
    executionMs,
    serverFor: ({ headers, routerAuthenticated }) =>
      headers['apollo-federation-include-trace'] === 'ftv1' && (introspectionEnabled || routerAuthenticated)
        ? traced
        : apollo,
  });

  const apollos = new Set([apollo, traced]);
  const lifecycle = createLifecycle(server, address, timing);
  return {
    operations: rootFieldsOf(schema),
    async start() {
      await Promise.all([...apollos].map((each) => each.start()));
      return `${await lifecycle.start()}${GRAPHQL_PATH}`;
    },
    drain: lifecycle.drain,
    async stop() {
      const cut = await lifecycle.stop();
      await Promise.all([...apollos].map((each) => each.stop()));
      return cut;
    },
  };
}

/** What every schema has, and no type lists. */
const META_FIELDS = ['__schema', '__type', '__typename'];

function rootFieldsOf(schema: GraphQLSchema): readonly string[] {
  const types = [schema.getQueryType(), schema.getMutationType()];
  return [...types.flatMap((type) => Object.keys(type?.getFields() ?? {})), ...META_FIELDS];
}
