import { once } from 'node:events';
import type { Server } from 'node:http';

import { StartError } from './start-error';

export interface Listening {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export interface ListenOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** The environment variable that sets the port, for error messages. */
  readonly variable: string;
  readonly path: string;
}

/** @throws StartError when the server can't listen on the port */
export async function listen(server: Server, { port, variable, path }: ListenOptions): Promise<Listening> {
  const host = '127.0.0.1';
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const reason = busy ? 'another process listens there' : String(error);
    throw new StartError(
      `Can't listen on port ${String(port)}: ${reason}. Stop that process, or set ${variable} to another port.`,
      { cause: error },
    );
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return {
    url: `http://${host}:${String(address.port)}${path}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      // A browser's open connection must not delay the end after Ctrl-C.
      server.closeAllConnections();
      await closed;
    },
  };
}
