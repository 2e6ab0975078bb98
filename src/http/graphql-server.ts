import type { ApolloServer } from '@apollo/server';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import type { Authentication } from '../authentication/authentication';
import { createApolloServer } from '../graphql/apollo/apollo-server';
import { landingPage } from '../graphql/apollo/landing-page';
import type { GraphqlContext } from '../graphql/graphql-context';
import { createPreparedDocuments } from '../graphql/compiled/prepared-documents';
import type { DocumentLimits } from '../graphql/limits/document-limits';
import { documentChecks } from '../graphql/limits/document-checks';
import { createOperationLimits } from '../graphql/limits/operation-limits';
import { createErrorFormatter } from '../graphql/format-error';
import { buildSubgraph } from '../subgraph/schema';
import type { RequestObserver } from '../telemetry/events';
import { createBodyReader, type BodyReader } from './body/body-budget';
import { addJsonParser } from './body/json-parser';
import { addConsoleRoutes, isPagePath, type ConsoleOptions, type Pages } from './console/routes';
import { addNotFoundHandler, malformedHttpResponse, sendErrorResponse } from './errors';
import { addGraphqlRoute, type ContextFor } from './graphql/graphql-route';
import { addSecurityHeaders, requestIdOf } from './headers';
import { admitGraphqlRequests } from './hooks/admission';
import { Admission } from './hooks/admission-queue';
import { addRouterAuthentication } from './hooks/authenticate-router';
import { addUserAuthentication } from './hooks/authenticate-user';
import { addCors } from './hooks/cors';
import { addHostCheck, originForm, requireLoopbackHost } from './host';
import { addRateLimits, chargeTo, type RateLimits } from './hooks/rate-limits';
import type { Address } from './lifecycle/listen';
import { handleMalformedHttp } from './lifecycle/malformed-http';
import { createLifecycle, type ServerLifecycle } from './lifecycle/server-lifecycle';
import {
  acceptExpectHeaders,
  DEFAULT_TIMING,
  maxHeaderBytes,
  serverOptions,
  type ServerTiming,
} from './lifecycle/server-options';
import { recordRequests, respondToMalformedHttp, startRecord } from './request-log/record-requests';
import type { RequestLogOptions } from './request-log/request-record';
import { traceRequests } from './request-log/request-spans';
import { addSubscriptions, type SubscriptionOptions } from './subscriptions';
import { UpgradableRequest } from './websocket/upgrade-requests';

const GRAPHQL_PATH = '/graphql';

export interface GraphqlServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader?: boolean;
  /** The origins whose pages may read responses. */
  readonly corsOrigins?: readonly string[];
  /** Limits the requests in flight. */
  readonly admission?: Admission;
  /** Limits the bodies that are being received. */
  readonly bodyReader?: BodyReader;
  /** Limits for each user; undefined if users are not authenticated. */
  readonly rateLimits?: RateLimits | undefined;
  /** Enables introspection, Sandbox and federated traces. */
  readonly introspectionEnabled: boolean;
  /** The console and the explorer; undefined where they are not served. */
  readonly console?: ConsoleOptions | undefined;
  readonly logger: Logger;
  /** Receives unexpected errors, with the request's id if there is one. */
  readonly reportFault: (error: unknown, requestId?: string) => void;
  readonly authentication: Authentication;
  readonly limits: { readonly bodyBytes: number; readonly document: DocumentLimits };
  /** How long the execution of a request may take, in milliseconds. */
  readonly executionMs: number;
  readonly contextFor: ContextFor;
  /** Undefined if there are no subscriptions. */
  readonly subscriptions?: SubscriptionOptions;
  readonly observe?: RequestObserver;
  readonly traced?: boolean;
  readonly timing?: ServerTiming;
}

export interface GraphqlServer extends ServerLifecycle {
  /** The root fields of the schema, for metric labels. */
  readonly operations: readonly string[];
  readonly pages: Pages;
  /** How many WebSockets are open. */
  readonly openSockets: () => number;
  /**
   * Resolves with the URL of the GraphQL endpoint once the server listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
}

/** The server for GraphQL clients: gateways, routers and Apollo Sandbox. */
export function createGraphqlServer({
  address,
  checkHostHeader = false,
  corsOrigins = [],
  admission = new Admission(Infinity),
  bodyReader = createBodyReader(),
  rateLimits,
  introspectionEnabled,
  console,
  logger,
  reportFault,
  authentication,
  limits,
  executionMs,
  contextFor,
  subscriptions: subscriptionOptions,
  observe = () => undefined,
  traced = false,
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
  const { clientErrorHandler, watch } = handleMalformedHttp(
    respondToMalformedHttp(records, malformedHttpResponse),
  );
  const options = serverOptions(timing);
  const server = fastify({
    ...options,
    http: {
      ...options.http,
      maxHeaderSize: maxHeaderBytes(authentication.user?.maxBytes ?? 0),
      ...(subscriptionOptions && { IncomingMessage: UpgradableRequest }),
    },
    frameworkErrors(error, request, reply) {
      startRecord(request, reply, records);
      const invalidHost = hostError(request);
      if (invalidHost) {
        sendErrorResponse(invalidHost, reply, { bodyLimit: limits.bodyBytes, reportFault });
        return;
      }
      // Only the router may see what is wrong with the request.
      authenticateRouter(request, reply)
        .then(() => error)
        .catch((authenticationError: unknown) => authenticationError as FastifyError)
        .then((errorToSend) => {
          onError(errorToSend, request, reply);
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
  if (traced) traceRequests(server, GRAPHQL_PATH);
  server.setErrorHandler(onError);
  const pages = console ? addConsoleRoutes(server, console) : NO_PAGES;
  const landing = introspectionEnabled ? landingPage(pages) : undefined;
  addSecurityHeaders(server, landing?.policy);
  const hostError = addHostCheck(server);
  if (checkHostHeader) requireLoopbackHost(server);
  const authenticateRouter = addRouterAuthentication(server, {
    proof: authentication.router,
    bodyLimit: limits.bodyBytes,
    bodyReader,
  });
  addCors(server, { path: GRAPHQL_PATH, origins: corsOrigins });
  // Authentication runs before admission, so a request that waits for the issuer's keys does not occupy a slot.
  addUserAuthentication(server, { authentication, introspectionEnabled, logger });
  if (rateLimits) addRateLimits(server, rateLimits);
  const bodyLimits = { maxBytes: limits.bodyBytes, maxReadBytes: limits.bodyBytes };
  admitGraphqlRequests(server, { admission, bodyReader, bodyLimits, timeoutMs: timing.requestMs });
  addNotFoundHandler(server, GRAPHQL_PATH, (path) => isPagePath(path, pages));
  addJsonParser(server);

  const { schema } = buildSubgraph();
  const operationLimits = createOperationLimits(schema, limits.document);
  const prepared = createPreparedDocuments(schema, operationLimits);
  const apolloOptions = {
    introspectionEnabled,
    logger,
    limits: limits.document,
    operationLimits,
    prepared,
    landing,
  };
  const apollo = createApolloServer({ ...apolloOptions, schema });
  let tracingApollo: Promise<ApolloServer<GraphqlContext>> | undefined;
  /** Called by the first request for a federated trace: few servers get one, and a second schema takes time and memory. */
  const startTracing = async () => {
    const { startTracingApolloServer } = await import('../graphql/apollo/tracing-apollo-server.ts');
    return startTracingApolloServer({ ...apolloOptions, schema: buildSubgraph().schema });
  };
  const tracing = () => {
    const started = (tracingApollo ??= startTracing());
    // The next request tries again.
    started.catch(() => (tracingApollo = undefined));
    return started;
  };
  const lifecycle = createLifecycle(server, address, timing);
  const subscriptions =
    subscriptionOptions &&
    addSubscriptions(server, subscriptionOptions, {
      path: GRAPHQL_PATH,
      schema,
      checks: documentChecks(limits.document, introspectionEnabled),
      limits: operationLimits,
      formatError: createErrorFormatter({ suggestions: introspectionEnabled }),
      reportFault,
      executionMs,
      rateLimits,
      authentication,
      origins: corsOrigins,
      upgrading: lifecycle.upgrading,
      upgraded: lifecycle.upgraded,
    });
  addGraphqlRoute(server, {
    path: GRAPHQL_PATH,
    startCallback: subscriptions?.startCallback,
    contextFor,
    chargeCost: rateLimits && chargeTo(rateLimits),
    prepared,
    executionMs,
    serverFor: ({ headers, routerAuthenticated }) =>
      headers['apollo-federation-include-trace'] === 'ftv1' && (introspectionEnabled || routerAuthenticated)
        ? tracing()
        : apollo,
  });

  return {
    operations: rootFieldsOf(schema),
    pages,
    openSockets: () => subscriptions?.openSockets() ?? 0,
    async start() {
      await apollo.start();
      return `${await lifecycle.start()}${GRAPHQL_PATH}`;
    },
    drain: lifecycle.drain,
    async stop() {
      const [cutOff] = await Promise.all([lifecycle.stop(), subscriptions?.stop(timing.stopGraceMs)]);
      await apollo.stop();
      await (await tracingApollo?.catch(() => undefined))?.stop();
      return cutOff;
    },
  };
}

const NO_PAGES: Pages = { console: undefined, explorer: undefined };

/** Root fields of every schema that its types do not list. */
const META_FIELDS = ['__schema', '__type', '__typename'];

function rootFieldsOf(schema: GraphQLSchema): readonly string[] {
  const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return [...types.flatMap((type) => Object.keys(type?.getFields() ?? {})), ...META_FIELDS];
}
