import { createServer } from 'node:http';

import { createYoga } from 'graphql-yoga';

import { listenAndAnnounce } from './announce';
import { sharedParts } from './shared-parts';

/** GraphQL Yoga on node:http. By default it caches parsed and validated documents. */
const { host, port, schema, context } = sharedParts();
const yoga = createYoga({ schema, context, logging: false, graphiql: false, landingPage: false });
// Yoga's handler returns a promise, which node:http ignores. The handler sends the response and its errors itself.
const server = createServer((request, response) => void yoga(request, response));
listenAndAnnounce(server, host, port);
