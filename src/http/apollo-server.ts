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

import type { SubgraphContext } from '../subgraph/context';
import { createErrorFormatter } from '../subgraph/format-error';
import { sandbox } from './sandbox';

/** Tokens that a document may have: none that a person or a gateway writes comes near, and parsing one stays cheap. */
const MOST_TOKENS = 2_000;

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
  /** Whether the schema is shown to whoever asks: introspection, suggestions, Sandbox. */
  readonly explorable: boolean;
  /** Whether responses carry a federated trace (`ftv1`) when the gateway asks for one. */
  readonly traced: boolean;
}

export function createApolloServer({
  schema,
  logger,
  reportFault,
  explorable,
  traced,
}: ApolloOptions): ApolloServer<SubgraphContext> {
  const plugins: ApolloServerPlugin<SubgraphContext>[] = [
    // What installs itself and is not used costs throughput: `npm run bench` has a candidate with and one without.
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginUsageReportingDisabled(),
    traced
      ? ApolloServerPluginInlineTrace({ includeErrors: { masked: true } })
      : ApolloServerPluginInlineTraceDisabled(),
    explorable ? sandbox() : ApolloServerPluginLandingPageDisabled(),
  ];
  return new ApolloServer<SubgraphContext>({
    schema,
    plugins,
    introspection: explorable,
    hideSchemaDetailsFromClientErrors: !explorable,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Automatic persisted queries would let any client fill a cache that gateways do not use.
    persistedQueries: false,
    parseOptions: { maxLexicalTokens: MOST_TOKENS },
    formatError: createErrorFormatter({ reportFault, suggestions: explorable }),
    logger: logger.child({ component: 'apollo' }),
  });
}
