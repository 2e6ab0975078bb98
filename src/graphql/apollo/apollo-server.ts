import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import { createErrorFormatter } from '../format-error';
import type { DocumentLimits } from '../limits/document-limits';
import { documentShapeRule } from '../limits/document-shape-rule';
import type { GraphqlContext } from './graphql-context';
import { guardDocuments } from './document-limits-plugin';
import { reportErrors } from './error-reporting-plugin';
import { sandbox } from './sandbox';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  /** What a document may ask for at most. */
  readonly limits: DocumentLimits;
  /** Whether the schema is shown to whoever asks: introspection, suggestions, Sandbox. */
  readonly explorable: boolean;
  /** Whether responses carry a federated trace (`ftv1`) when the gateway asks for one. */
  readonly traced: boolean;
}

export function createApolloServer({
  schema,
  logger,
  limits,
  explorable,
  traced,
}: ApolloOptions): ApolloServer<GraphqlContext> {
  const plugins: ApolloServerPlugin<GraphqlContext>[] = [
    // What installs itself and is not used costs throughput: `npm run bench` has a candidate with and one without.
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginUsageReportingDisabled(),
    traced
      ? ApolloServerPluginInlineTrace({ includeErrors: { masked: true } })
      : ApolloServerPluginInlineTraceDisabled(),
    explorable ? sandbox() : ApolloServerPluginLandingPageDisabled(),
    guardDocuments(schema, limits),
    reportErrors(limits.validationErrors),
  ];
  return new ApolloServer<GraphqlContext>({
    schema,
    plugins,
    introspection: explorable,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    // Automatic persisted queries would let any client fill a cache that gateways do not use.
    persistedQueries: false,
    parseOptions: { maxLexicalTokens: limits.tokens },
    validationRules: [documentShapeRule(limits)],
    // Apollo's own way of leaving them out takes a pattern to messages that repeat what a sender wrote: time without end.
    validationOptions: { maxErrors: limits.validationErrors, hideSuggestions: !explorable },
    executionOptions: { maxCoercionErrors: limits.validationErrors },
    formatError: createErrorFormatter({ suggestions: explorable }),
    logger: exceptFaults(logger.child({ component: 'apollo' })),
  });
}

/** `reportErrors` tells of these, with the id of their request. */
const FAULT_LINE = 'Unexpected error processing request';

function exceptFaults(logger: Logger): ApolloServer['logger'] {
  const told =
    (level: 'debug' | 'info' | 'warn') =>
    (message: unknown): void => {
      logger[level](message);
    };
  return {
    debug: told('debug'),
    info: told('info'),
    warn: told('warn'),
    error(message: unknown) {
      if (typeof message !== 'string' || !message.startsWith(FAULT_LINE)) logger.error(message);
    },
  };
}
