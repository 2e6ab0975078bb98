import fastify from 'fastify';
import mercurius from 'mercurius';

import { announce } from './announce';
import { sharedParts } from './shared-parts';

/** Mercurius on Fastify. Compiles a document to code at its second request. */
async function main(): Promise<void> {
  const { host, port, schema, context } = sharedParts();
  const server = fastify();
  await server.register(mercurius, {
    schema,
    // A copy, because Mercurius adds its own members to the object.
    context: () => ({ ...context() }),
    jit: 1,
    graphiql: false,
  });
  announce(await server.listen({ host, port }));
}

void main();
