import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Keys } from './issuer';

/** Answers with a status and a body, or sends the asker elsewhere. */
export interface JwksAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface JwksServer {
  readonly url: string;
  /** How often it was asked. */
  readonly asked: () => number;
  readonly answerWith: (answer: JwksAnswer) => void;
  /** Keeps everyone who asks waiting, until that is over. */
  readonly hold: () => { readonly release: () => void };
  readonly publish: (...keys: readonly Keys[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** An issuer's address for its keys, on a free port of this machine, or on one that was free. */
export async function startJwksServer(port = 0): Promise<JwksServer> {
  let asked = 0;
  let current: JwksAnswer = { status: 503, body: '' };
  let held = Promise.resolve();
  const server = createServer((_request, response) => {
    asked += 1;
    void held.then(() => {
      const { status = 200, headers = { 'content-type': 'application/json' }, body } = current;
      response.writeHead(status, headers).end(body);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const answerWith = (answer: JwksAnswer) => {
    current = answer;
  };
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/keys`,
    asked: () => asked,
    answerWith,
    hold() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return {
        release: () => {
          release();
        },
      };
    },
    async publish(...keys) {
      answerWith({ body: JSON.stringify({ keys: await Promise.all(keys.map(({ jwk }) => jwk())) }) });
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
