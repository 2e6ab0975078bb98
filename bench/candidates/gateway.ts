import { createServer } from 'node:http';

import { createGatewayRuntime } from '@graphql-hive/gateway';
import { composeServices, compositionHasErrors } from '@theguild/federation-composition';
import { parse } from 'graphql';

import { listen } from './listen';
import type { Start } from './start';

/** Hive Gateway with its defaults, in front of the candidate at PROTON_URL and the services at SERVICES_URL. */
export const start: Start = async ({ PROTON_URL = '', SERVICES_URL = '' }) => {
  const composed = composeServices([
    { name: 'proton', url: PROTON_URL, typeDefs: parse(await sdlOf(PROTON_URL)) },
    { name: 'services', url: SERVICES_URL, typeDefs: parse(await sdlOf(SERVICES_URL)) },
  ]);
  if (compositionHasErrors(composed)) {
    throw new Error(composed.errors.map(({ message }) => message).join('\n'));
  }
  const gateway = createGatewayRuntime({
    supergraph: composed.supergraphSdl,
    logging: 'warn',
    landingPage: false,
    graphiql: false,
  });
  // The gateway's handler returns a promise, which node:http ignores. The handler sends the response and its errors itself.
  return listen(createServer((request, response) => void gateway(request, response)));
};

/** Queries a subgraph's SDL, as gateways do. */
async function sdlOf(url: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  });
  const { data } = (await response.json()) as {
    readonly data: { readonly _service: { readonly sdl: string } };
  };
  return data._service.sdl;
}
