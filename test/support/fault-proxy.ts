import { once } from 'node:events';
import {
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** An answer as the endpoint gave it. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request on its way, and what can be done to it. */
export interface Exchange {
  readonly operation: string;
  /** Of the SDK's retries, beginning with 1. */
  readonly attempt: number;
  readonly body: string;
  readonly response: ServerResponse;
  /** Has the endpoint carry it out. */
  readonly forward: () => Promise<Answer>;
  /** Resolves when the client has closed its connection. */
  readonly abandoned: Promise<unknown>;
}

/** Breaks an exchange, in whatever way a network does. */
export type Fault = (exchange: Exchange) => void | Promise<void>;

export interface FaultProxy {
  readonly origin: string;
  /** What is done to the exchanges from now on; undefined lets one pass. */
  readonly use: (faultFor: (exchange: Exchange) => Fault | undefined) => void;
  readonly stop: () => Promise<void>;
}

/** Stands between a client and an endpoint over HTTP, and passes everything on but for what it is told to break. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let faultFor: (exchange: Exchange) => Fault | undefined = () => undefined;

  const server = createServer((request, response) => {
    void exchange(request, response);
  });

  async function exchange(request: IncomingMessage, response: ServerResponse) {
    const body = await bodyOf(request);
    const headers = request.headers;
    const exchange: Exchange = {
      operation: String(headers['x-amz-target']).replace(/^.*\./, ''),
      attempt: Number(/attempt=(\d+)/.exec(String(headers['amz-sdk-request']))?.[1]),
      body: body.toString(),
      response,
      forward: () => forward(target, headers, body),
      abandoned: new Promise((resolve) => response.once('close', resolve)),
    };
    const fault = faultFor(exchange) ?? passOn;
    await fault(exchange);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    use(next) {
      faultFor = next;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function forward(target: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
  const request = sendRequest(target, { method: 'POST', headers });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await bodyOf(response) };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const passOn: Fault = async ({ forward, response }) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers).end(body);
};

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

/** Answers by itself; the endpoint never sees the request. */
export function answering(status: number, headers: Record<string, string>, body: string): Fault {
  return ({ response }) => {
    response.writeHead(status, headers).end(body);
  };
}

/** Answers with one of AWS's exceptions; the endpoint never sees the request. */
export function failingWith(status: number, name: string, headers: Record<string, string> = {}): Fault {
  return answering(
    status,
    { ...JSON_TYPE, ...headers },
    JSON.stringify({ __type: `com.amazonaws.proton#${name}`, message: 'Said by the proxy.' }),
  );
}

/** The connection breaks before the request is sent on. */
export const resetBefore: Fault = ({ response }) => {
  response.socket?.resetAndDestroy();
};

/** The request is carried out, and then the connection breaks. */
export const resetAfter: Fault = async ({ forward, response }) => {
  await forward();
  response.socket?.resetAndDestroy();
};

/** The request is carried out, and nothing comes back. */
export const stallHeaders: Fault = async ({ forward }) => {
  await forward();
};

/** The request is carried out, and its answer stops half way. */
export const stallBody: Fault = async ({ forward, response }) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers).write(body.subarray(0, body.length / 2));
};

/** The request is carried out, and its answer comes a byte at a time. */
export const slowDrip: Fault = async ({ forward, response }) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers);
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await wait(20);
  }
  response.end();
};

/** The request is carried out, and of its answer half is passed on as if it were all. */
export const truncate: Fault = async ({ forward, response }) => {
  const { status, body } = await forward();
  response.writeHead(status, JSON_TYPE).end(body.subarray(0, body.length / 2));
};

/** The request is carried out, and its answer passed on with headers of the proxy's own. */
export function withHeaders(own: Record<string, string>): Fault {
  return async ({ forward, response }) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, { ...headers, ...own }).end(body);
  };
}

/** The request is carried out, and its answer is drowned in spaces, which JSON allows. */
export function drownIn(bytes: number, onSent: (bytes: number) => void = () => undefined): Fault {
  return async ({ forward, response }) => {
    const { body } = await forward();
    response.writeHead(200, JSON_TYPE);
    response.setMaxListeners(0);
    const spaces = Buffer.alloc(1024 * 1024, ' ');
    for (let sent = 0; sent < bytes; sent += spaces.length) {
      if (response.destroyed) return;
      onSent(spaces.length);
      if (!response.write(spaces)) {
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
    }
    response.end(body);
  };
}
