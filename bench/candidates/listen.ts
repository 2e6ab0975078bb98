import type { Server } from 'node:http';

import type { Served } from './start';

const HOST = '127.0.0.1';

/** Listens on any free port. */
export async function listen(server: Server): Promise<Served> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, HOST, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a port');
  return graphqlAt(`http://${HOST}:${String(address.port)}`);
}

/** All candidates serve GraphQL at the same path. */
export function graphqlAt(origin: string): Served {
  return { url: new URL('/graphql', origin).href };
}
