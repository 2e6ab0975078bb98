import type { FastifyInstance } from 'fastify';

export interface Address {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
}

/** An address that can't be listened on. The message says which, why, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Resolves with the origin that clients reach the server by.
 * @throws ListenError
 */
export async function listen(server: FastifyInstance, { host, port }: Address): Promise<string> {
  try {
    await server.listen({ host, port });
    return originOf(server, host);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const reason = REASON_OF_CODE[code] ?? `the system says ${code}`;
    throw new ListenError(`Can't listen on HOST ${host}, PORT ${String(port)}: ${reason}.`, { cause: error });
  }
}

const REASON_OF_CODE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process does. Stop it, or set PORT to one that is free',
  EADDRNOTAVAIL: 'this machine has no such address. Set HOST to one of its own',
  EACCES: 'this user may not. Set PORT to 1024 or higher',
  ENOTFOUND: 'no such host name is known. Set HOST to an address',
};

function originOf(server: FastifyInstance, host: string): string {
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(address.port)}`;
}
