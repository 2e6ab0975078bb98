import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for a document, as a gateway sent it. */
export interface SentRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

export interface RecordingProxy {
  readonly url: string;
  /** What has come since this was last asked. */
  readonly taken: () => readonly SentRequest[];
  readonly stop: () => Promise<void>;
}

/** Stands between a gateway and a subgraph, passes everything on, and keeps what was sent. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  let sent: SentRequest[] = [];

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray()).join('');
    sent.push(JSON.parse(body) as SentRequest);
    const answer = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: request.headers.accept ?? '*/*' },
      body,
    });
    response.statusCode = answer.status;
    response.setHeader('content-type', answer.headers.get('content-type') ?? '');
    response.end(await answer.text());
  }

  const server = createServer((request, response) => {
    passOn(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`,
    taken() {
      const taken = sent;
      sent = [];
      return taken;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
