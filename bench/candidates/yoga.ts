import { createServer } from 'node:http';

import { createYoga } from 'graphql-yoga';

import { listen } from './listen';
import { sharedParts } from './shared-parts';
import type { Start } from './start';

/** GraphQL Yoga on node:http. By default it caches parsed and validated documents. */
export const start: Start = async (environment) => {
  const { schema, context } = await sharedParts(environment);
  const yoga = createYoga({ schema, context, logging: false, graphiql: false, landingPage: false });
  // Yoga's handler returns a promise, which node:http ignores. The handler sends the response and its errors itself.
  return listen(createServer((request, response) => void yoga(request, response)));
};
