import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A GraphQL request from a gateway. */
export interface SentRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

export interface RecordingProxy {
  readonly url: string;
  /** Returns and forgets the recorded requests. */
  readonly take: () => readonly SentRequest[];
  readonly stop: () => Promise<void>;
}

/** Starts a proxy between a gateway and a subgraph that forwards and records every request. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  let sent: SentRequest[] = [];

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray()).join('');
    sent.push(JSON.parse(body) as SentRequest);
    const forwarded = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: request.headers.accept ?? '*/*' },
      body,
    });
    response.statusCode = forwarded.status;
    response.setHeader('content-type', forwarded.headers.get('content-type') ?? '');
    response.end(await forwarded.text());
  }

  const server = createServer((request, response) => {
    forward(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`,
    take() {
      const recorded = sent;
      sent = [];
      return recorded;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
