import fastify from 'fastify';
import mercurius from 'mercurius';

import { announce } from './announce';
import { sharedParts } from './shared-parts';

/** Mercurius on Fastify, compiling a document to code once it has come a second time. */
async function main(): Promise<void> {
  const { host, port, schema, context } = sharedParts();
  const server = fastify();
  await server.register(mercurius, {
    schema,
    // Mercurius adds members of its own to what it is given, so it gets an object that is its own.
    context: () => ({ ...context() }),
    jit: 1,
    graphiql: false,
  });
  announce(await server.listen({ host, port }));
}

void main();
