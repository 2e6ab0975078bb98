import fastify from 'fastify';
import mercurius from 'mercurius';

import { graphqlAt } from './listen';
import { sharedParts } from './shared-parts';
import type { Start } from './start';

/** Mercurius on Fastify. Compiles a document to code at its second request. */
export const start: Start = async (environment) => {
  const { host, port, schema, context } = await sharedParts(environment);
  const server = fastify();
  await server.register(mercurius, {
    schema,
    // A copy, because Mercurius adds its own members to the object.
    context: () => ({ ...context() }),
    jit: 1,
    graphiql: false,
  });
  return graphqlAt(await server.listen({ host, port }));
};
