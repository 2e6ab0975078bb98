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

/** The endpoint's response. */
export interface EndpointResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request that the proxy has received. */
export interface Exchange {
  readonly operation: string;
  /** The SDK's attempt, starting with 1. */
  readonly attempt: number;
  readonly body: string;
  readonly response: ServerResponse;
  /** Sends the request to the endpoint. */
  readonly forward: () => Promise<EndpointResponse>;
  /** Resolves when the client has closed its connection. */
  readonly abandoned: Promise<unknown>;
}

/** Handles a request in a way in which a network or proxy may fail. */
export type Fault = (exchange: Exchange) => void | Promise<void>;

export interface FaultProxy {
  readonly origin: string;
  /** Chooses the fault of every later request; undefined forwards it. */
  readonly use: (faultFor: (exchange: Exchange) => Fault | undefined) => void;
  readonly stop: () => Promise<void>;
}

/** Starts an HTTP proxy in front of an endpoint. It forwards every request for which no fault is chosen. */
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

async function forward(
  target: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<EndpointResponse> {
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

/** The proxy responds; the endpoint never receives the request. */
export function answering(status: number, headers: Record<string, string>, body: string): Fault {
  return ({ response }) => {
    response.writeHead(status, headers).end(body);
  };
}

/** The proxy responds with one of AWS's exceptions; the endpoint never receives the request. */
export function failingWith(status: number, name: string, headers: Record<string, string> = {}): Fault {
  return answering(
    status,
    { ...JSON_TYPE, ...headers },
    JSON.stringify({ __type: `com.amazonaws.proton#${name}`, message: 'Message of the proxy.' }),
  );
}

/** The connection is reset before the request is forwarded. */
export const resetBefore: Fault = ({ response }) => {
  response.socket?.resetAndDestroy();
};

/** The request is forwarded, and then the connection is reset. */
export const resetAfter: Fault = async ({ forward, response }) => {
  await forward();
  response.socket?.resetAndDestroy();
};

/** The request is forwarded, and no response comes back. */
export const stallHeaders: Fault = async ({ forward }) => {
  await forward();
};

/** The request is forwarded, and the response stops half way. */
export const stallBody: Fault = async ({ forward, response }) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers).write(body.subarray(0, body.length / 2));
};

/** The request is forwarded, and the response comes one byte at a time: an empty object at once, anything else too late for every attempt. */
export const slowDrip: Fault = async ({ forward, response }) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers);
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await wait(500);
  }
  response.end();
};

/** The request is forwarded, and the first half of the response's body is returned as if it were complete. */
export const truncate: Fault = async ({ forward, response }) => {
  const { status, body } = await forward();
  response.writeHead(status, JSON_TYPE).end(body.subarray(0, body.length / 2));
};

/** The request is forwarded, and the response is returned with the given headers. */
export function withHeaders(changed: Record<string, string>): Fault {
  return async ({ forward, response }) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, { ...headers, ...changed }).end(body);
  };
}

/** The request is forwarded, and its response starts with this many spaces, which JSON allows. */
export function padWithSpaces(bytes: number, onSent: (bytes: number) => void = () => undefined): Fault {
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
