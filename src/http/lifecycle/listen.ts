import { lookup } from 'node:dns/promises';

import type { FastifyInstance } from 'fastify';

export interface Address {
  readonly host: string;
  /** 0 uses any free port. */
  readonly port: number;
}

/** The names of the environment variables that set an address. */
export interface AddressVariables {
  readonly host: string;
  readonly port: string;
}

const GRAPHQL_VARIABLES: AddressVariables = { host: 'HOST', port: 'PORT' };

/** The server can't listen on its address. The message says which address, why, and how to fix it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Resolves with the server's origin.
 * @param variables the variables that set the address, for error messages
 * @throws ListenError
 */
export async function listen(
  server: FastifyInstance,
  { host, port }: Address,
  variables: AddressVariables = GRAPHQL_VARIABLES,
): Promise<string> {
  try {
    await server.listen({ host: await addressOf(host), port });
    return originOf(server, host);
  } catch (error) {
    const code =
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
    const reason = REASON_OF_CODE[code]?.(variables) ?? `the system says ${code}`;
    throw new ListenError(
      `Can't listen on ${variables.host} ${host}, ${variables.port} ${String(port)}: ${reason}.`,
      { cause: error },
    );
  }
}

/**
 * Resolves a host name to one address. For `localhost`, Fastify would create a server for each address, and the additional servers
 * would neither stop with the first one nor handle malformed HTTP.
 */
async function addressOf(host: string): Promise<string> {
  const addresses = await lookup(host, { all: true });
  const preferred = host === 'localhost' ? addresses.find(({ family }) => family === 4) : undefined;
  return (preferred ?? addresses[0])?.address ?? host;
}

const REASON_OF_CODE: Readonly<Record<string, (variables: AddressVariables) => string>> = {
  EADDRINUSE: ({ port }) => `another process does. Stop it, or set ${port} to one that is free`,
  EADDRNOTAVAIL: ({ host }) => `this machine has no such address. Set ${host} to one of its own`,
  EACCES: ({ port }) => `this user may not. Set ${port} to 1024 or higher`,
  ENOTFOUND: ({ host }) => `no such host name is known. Set ${host} to an address`,
  EAI_AGAIN: ({ host }) => `the host name can't be looked up now. Set ${host} to an address`,
};

function originOf(server: FastifyInstance, host: string): string {
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(address.port)}`;
}
