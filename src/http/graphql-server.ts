import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import type { Authentication } from '../authentication/authentication';
import type { DocumentLimits } from '../graphql/limits/document-limits';
import { buildSubgraph } from '../subgraph/schema';
import { createAdmission, type Admission } from './hooks/admission-queue';
import { createApolloServer } from '../graphql/apollo/apollo-server';
import { requirePerson } from './hooks/authenticate-user';
import { requireRouter } from './hooks/authenticate-router';
import { handleBrokenHttp } from './lifecycle/malformed-http';
import { allowOrigins } from './hooks/cors';
import { answerError, answerUnknownPaths, brokenHttpAnswer } from './errors';
import { addGraphqlRoute, type ContextFor } from './graphql/graphql-route';
import { createArrivingBodies, type ArrivingBodies } from './body/body-budget';
import { readJsonStrictly } from './body/json-parser';
import type { Address } from './lifecycle/listen';
import { beginRecord, brokenAnswers, keepRecords, type RecordOptions } from './request-log/record-requests';
import { requestIdOf } from './headers';
import type { RequestObserver } from '../telemetry/events';
import { checkHost, originForm, refuseForeignHosts } from './hooks/host';
import { sendSecurityHeaders } from './hooks/security-headers';
import { traceRequests } from './request-log/request-spans';
import { lifecycleOf, type ServerLifecycle } from './lifecycle/server-lifecycle';
import {
  headerBytesFor,
  serverOptions,
  takeWhateverIsExpected,
  USUAL_TIMING,
  type ServerTiming,
} from './lifecycle/server-options';
import { limitSubjects, spendFrom, type SubjectBudgets } from './hooks/rate-limits';
import { admitGraphql } from './hooks/admission';

export const GRAPHQL_PATH = '/graphql';

export interface WebServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader?: boolean;
  /** The origins whose pages may read answers. */
  readonly corsOrigins?: readonly string[];
  /** The places for requests that are worked on at a time. */
  readonly admission?: Admission;
  /** Bounds the bodies that are on their way. */
  readonly arrivingBodies?: ArrivingBodies;
  /** What each person may ask for; undefined where nobody is told from another. */
  readonly budgets?: SubjectBudgets | undefined;
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

export interface WebServer extends ServerLifecycle {
  /** What can be asked for, by which requests are told apart: the root fields of the schema. */
  readonly operations: readonly string[];
  /**
   * Resolves with the address of the GraphQL endpoint once it listens.
   * @throws ListenError
   */
  readonly start: () => Promise<string>;
}

/** The server that frontends' gateways and Apollo Sandbox talk to. */
export function createWebServer({
  address,
  checkHostHeader = false,
  corsOrigins = [],
  admission = createAdmission(Infinity),
  arrivingBodies = createArrivingBodies(),
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
  timing = USUAL_TIMING,
}: WebServerOptions): WebServer {
  const onError = (error: FastifyError, { id }: FastifyRequest, reply: FastifyReply) => {
    answerError(error, reply, {
      bodyLimit: limits.bodyBytes,
      reportFault: (fault) => {
        reportFault(fault, id);
      },
    });
  };
  const records: RecordOptions = { server: 'graphql', observe };
  const { clientErrorHandler, watch } = handleBrokenHttp(brokenAnswers(records, brokenHttpAnswer));
  const options = serverOptions(timing);
  const server = fastify({
    ...options,
    http: {
      ...options.http,
      maxHeaderSize: headerBytesFor(authentication.user?.maxBytes ?? 0),
    },
    frameworkErrors(error, request, reply) {
      beginRecord(request, reply, records);
      const misaddressed = refusedHost(request);
      if (misaddressed) {
        answerError(misaddressed, reply, { bodyLimit: limits.bodyBytes, reportFault });
        return;
      }
      // What is wrong with it is for nobody to know but the router.
      proveRouter(request, reply)
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
  takeWhateverIsExpected(server.server);
  keepRecords(server, records);
  if (inSpans) traceRequests(server, GRAPHQL_PATH);
  server.setErrorHandler(onError);
  sendSecurityHeaders(server);
  const refusedHost = checkHost(server);
  if (checkHostHeader) refuseForeignHosts(server);
  const proveRouter = requireRouter(server, {
    proof: authentication.router,
    bodyLimit: limits.bodyBytes,
    arrivingBodies,
  });
  allowOrigins(server, { path: GRAPHQL_PATH, origins: corsOrigins });
  // Who waits until the issuer is asked for a key, or has asked for enough, takes no place from others meanwhile.
  requirePerson(server, { authentication, introspectionEnabled, logger });
  if (budgets) limitSubjects(server, budgets);
  const bodyBounds = { limit: limits.bodyBytes, patience: limits.bodyBytes };
  admitGraphql(server, { admission, arrivingBodies, bodyBounds, patienceMs: timing.requestMs });
  answerUnknownPaths(server, GRAPHQL_PATH);
  readJsonStrictly(server);

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
    spend: spendFrom(budgets),
    executionMs,
    serverFor: ({ headers, routerProven }) =>
      headers['apollo-federation-include-trace'] === 'ftv1' && (introspectionEnabled || routerProven)
        ? traced
        : apollo,
  });

  const apollos = new Set([apollo, traced]);
  const lifecycle = lifecycleOf(server, address, timing);
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
