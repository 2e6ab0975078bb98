import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Keys } from './issuer';

/** The response that the server sends. By default 200 and JSON. */
export interface JwksResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface JwksServer {
  readonly url: string;
  /** How many requests arrived. */
  readonly fetches: () => number;
  readonly respondWith: (response: JwksResponse) => void;
  /** Delays every response until `release`. */
  readonly hold: () => { readonly release: () => void };
  readonly publish: (...keys: readonly Keys[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The server of an issuer's keys, on a free port of loopback or on the given one. */
export async function startJwksServer(port = 0): Promise<JwksServer> {
  let fetches = 0;
  let current: JwksResponse = { status: 503, body: '' };
  let released = Promise.resolve();
  const server = createServer((_request, response) => {
    fetches += 1;
    void released.then(() => {
      const { status = 200, headers = { 'content-type': 'application/json' }, body } = current;
      response.writeHead(status, headers).end(body);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const respondWith = (response: JwksResponse) => {
    current = response;
  };
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/keys`,
    fetches: () => fetches,
    respondWith,
    hold() {
      let release: () => void = () => undefined;
      released = new Promise((resolve) => {
        release = resolve;
      });
      return {
        release: () => {
          release();
        },
      };
    },
    async publish(...keys) {
      respondWith({ body: JSON.stringify({ keys: await Promise.all(keys.map(({ jwk }) => jwk())) }) });
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
