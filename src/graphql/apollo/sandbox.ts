import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { ApolloServerPlugin } from '@apollo/server';

import type { SubgraphContext } from '../../subgraph/context';

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
