import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';

import { AwsError, FAULT } from '../endpoint/aws-error';
import type { Endpoint } from '../endpoint/endpoint';
import type { EndpointAnswer, HeaderFields } from '../endpoint/exchange';
import type { Address } from './listen';
import { BodyTooLargeError, readRawBody } from './raw-body';
import { LIFECYCLE_OPTIONS, lifecycleOf, type ServerLifecycle } from './server-lifecycle';

const BODY = {
  /** Bytes in a request's body. */
  limit: 1_048_576,
  /** Bytes after which a client that sends on is cut off. */
  patience: 67_108_864,
};

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

const VARIABLES = { host: 'PROTON_ENDPOINT_HOST', port: 'PROTON_ENDPOINT_PORT' };

export interface EndpointServerOptions {
  readonly address: Address;
  readonly endpoint: Endpoint;
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
}

/** The server that AWS clients talk to. Whatever it is sent, it answers in AWS's JSON protocol. */
export function createEndpointServer({
  address,
  endpoint,
  reportFault,
}: EndpointServerOptions): ServerLifecycle {
  const onError = (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof BodyTooLargeError) {
      // What is left of it would be taken for the next request.
      reply.header('connection', 'close');
      void send(reply, endpoint.refuse(new AwsError('RequestEntityTooLargeException', error.message)));
    } else if ((error.statusCode ?? 500) < 500) {
      void send(reply, endpoint.refuse(new AwsError('SerializationException', error.message)));
    } else {
      reportFault(error);
      void send(reply, endpoint.refuse(FAULT));
    }
  };
  const server = fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node would answer by itself where there is no Host, in no shape that a client knows.
    http: { requireHostHeader: false },
    frameworkErrors: onError,
    clientErrorHandler: (error, socket) => {
      answerBrokenHttp(error, socket, endpoint);
    },
    ...LIFECYCLE_OPTIONS,
  });
  // Node would refuse by itself, likewise, what expects more of it than to go on.
  server.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.server.emit('request', request, response),
  );
  server.setErrorHandler(onError);
  server.removeAllContentTypeParsers();
  // Bodies are signed as they are, so nothing looks at them before the endpoint does.
  server.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) =>
    readRawBody(payload, BODY),
  );

  const answer = async ({ method, url, raw, body }: FastifyRequest, reply: FastifyReply) =>
    send(
      reply,
      await endpoint.answer({
        method,
        url,
        headers: headerFields(raw.rawHeaders),
        body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      }),
    );
  server.post('/', answer);
  server.setNotFoundHandler(answer);
  return lifecycleOf(server, address, VARIABLES);
}

/** Every field as it was sent: Node's own view of them drops or joins what was sent twice. */
function headerFields(rawHeaders: readonly string[]): HeaderFields {
  const fields = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  }
  return fields;
}

function send(reply: FastifyReply, { status, headers, body }: EndpointAnswer): FastifyReply {
  // To the content type of a string, Fastify would add a charset, which the protocol has not.
  return reply.code(status).headers(headers).send(Buffer.from(body));
}

/** Answers what is not HTTP at all, or never ends; there is no request then that a handler could be given. */
function answerBrokenHttp(
  error: Error & { readonly code?: string },
  socket: Socket,
  endpoint: Endpoint,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = endpoint.refuse(
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new AwsError('RequestTimeoutException', 'The request took too long to arrive.')
      : new AwsError(
          'SerializationException',
          'The request is not valid HTTP/1.1, or its header is too large.',
        ),
  );
  const fields = {
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  socket.end(
    [
      `HTTP/1.1 ${String(status)} Bad Request`,
      ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  );
}
