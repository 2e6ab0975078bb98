import { createServer } from 'node:http';

import { createYoga } from 'graphql-yoga';

import { listenAndAnnounce } from './announce';
import { sharedParts } from './shared-parts';

/** GraphQL Yoga on node:http. The cache of parsed and validated documents is on by default. */
const { host, port, schema, context } = sharedParts();
const yoga = createYoga({ schema, context, logging: false, graphiql: false, landingPage: false });
// Yoga's handler answers a promise, which node:http does not wait for; it sends the response, and its errors, by itself.
const server = createServer((request, response) => void yoga(request, response));
listenAndAnnounce(server, host, port);
