import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import type { SubgraphContext } from '../../subgraph/context';
import { createErrorFormatter } from '../format-error';
import type { PreparedDocuments } from '../compiled/prepared-documents';
import type { DocumentLimits } from '../limits/document-limits';
import { documentChecks } from '../limits/document-checks';
import type { OperationLimits } from '../limits/operation-limits';
import { documentLimitsPlugin } from './document-limits-plugin';
import { errorReportingPlugin } from './error-reporting-plugin';
import type { GraphqlContext } from '../graphql-context';

/** The operation files, with a value for each of their variables. They are shipped beside the code. */
const OPERATIONS = join(__dirname, '..', '..', '..', 'schema', 'operations');

/** Apollo Sandbox as the landing page, with every operation and its variables filled in. */
export function sandbox(): ApolloServerPlugin<SubgraphContext> {
  const document = readdirSync(OPERATIONS)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => readFileSync(join(OPERATIONS, name), 'utf8').trim())
    .join('\n\n');
  const variables: unknown = JSON.parse(readFileSync(join(OPERATIONS, 'variables.json'), 'utf8'));
  return ApolloServerPluginLandingPageLocalDefault({
    embed: { runTelemetry: false },
    document,
    variables: Object.assign({}, variables),
    footer: false,
  });
}

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly limits: DocumentLimits;
  readonly operationLimits: OperationLimits;
  /** Where documents are prepared. */
  readonly prepared: PreparedDocuments;
  /** Turns on introspection, suggestions in error messages, and Sandbox. */
  readonly introspectionEnabled: boolean;
}

/** @param inlineTrace the plugin for federated traces, if any */
export function createApolloServer(
  { schema, logger, limits, operationLimits, prepared, introspectionEnabled }: ApolloOptions,
  inlineTrace = ApolloServerPluginInlineTraceDisabled(),
): ApolloServer<GraphqlContext> {
  const plugins: ApolloServerPlugin<GraphqlContext>[] = [
    // These plugins install themselves and cost throughput; `npm run bench` has a candidate with them and one without.
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginUsageReportingDisabled(),
    inlineTrace,
    introspectionEnabled ? sandbox() : ApolloServerPluginLandingPageDisabled(),
    documentLimitsPlugin(operationLimits, prepared),
    errorReportingPlugin(limits.validationErrors),
  ];
  const { maxTokens, rules, maxErrors, hideSuggestions } = documentChecks(limits, introspectionEnabled);
  return new ApolloServer<GraphqlContext>({
    schema,
    plugins,
    introspection: introspectionEnabled,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    // Automatic persisted queries would let any client fill a cache that gateways do not use.
    persistedQueries: false,
    parseOptions: { maxLexicalTokens: maxTokens },
    validationRules: [...rules],
    // Apollo's `hideSchemaDetailsFromClientErrors` runs a regular expression with quadratic time over the client's text.
    validationOptions: { maxErrors, hideSuggestions },
    executionOptions: { maxCoercionErrors: maxErrors },
    formatError: createErrorFormatter({ suggestions: introspectionEnabled }),
    logger: withoutUnexpectedErrors(logger.child({ component: 'apollo' })),
  });
}

/** The error reporting plugin logs these with their request id. */
const UNEXPECTED_ERROR_LINE = 'Unexpected error processing request';

function withoutUnexpectedErrors(logger: Logger): ApolloServer['logger'] {
  const at =
    (level: 'debug' | 'info' | 'warn') =>
    (message: unknown): void => {
      logger[level](message);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error(message: unknown) {
      if (typeof message !== 'string' || !message.startsWith(UNEXPECTED_ERROR_LINE)) logger.error(message);
    },
  };
}
