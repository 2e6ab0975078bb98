import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import { createErrorFormatter } from '../format-error';
import type { PreparedDocuments } from '../compiled/prepared-documents';
import type { DocumentLimits } from '../limits/document-limits';
import { documentChecks } from '../limits/document-checks';
import type { OperationLimits } from '../limits/operation-limits';
import { documentLimitsPlugin } from './document-limits-plugin';
import { errorReportingPlugin } from './error-reporting-plugin';
import type { GraphqlContext } from '../graphql-context';
import { landingPagePlugin, type LandingPage } from './landing-page';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly limits: DocumentLimits;
  readonly operationLimits: OperationLimits;
  /** Where documents are prepared. */
  readonly prepared: PreparedDocuments;
  /** Turns on introspection, and suggestions in error messages. */
  readonly introspectionEnabled: boolean;
  /** The page for browsers; undefined for none. */
  readonly landing?: LandingPage | undefined;
}

/** @param inlineTrace the plugin for federated traces, if any */
export function createApolloServer(
  { schema, logger, limits, operationLimits, prepared, introspectionEnabled, landing }: ApolloOptions,
  inlineTrace = ApolloServerPluginInlineTraceDisabled(),
): ApolloServer<GraphqlContext> {
  const plugins: ApolloServerPlugin<GraphqlContext>[] = [
    // These plugins install themselves and cost throughput; `npm run bench` has a candidate with them and one without.
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginUsageReportingDisabled(),
    inlineTrace,
    landing ? landingPagePlugin(landing) : ApolloServerPluginLandingPageDisabled(),
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
