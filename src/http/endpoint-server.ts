import type { IncomingMessage, ServerResponse } from 'node:http';

import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';

import { AwsError, FAULT } from '../endpoint/aws-error';
import type { Endpoint } from '../endpoint/endpoint';
import type { EndpointAnswer, HeaderFields } from '../endpoint/exchange';
import { handleBrokenHttp, wireAnswer, type BrokenHttp } from './broken-http';
import type { Address } from './listen';
import { BodyTooLargeError, readRawBody } from './raw-body';
import { LIFECYCLE_OPTIONS, lifecycleOf, type ServerLifecycle } from './server-lifecycle';
import { timingOptions, USUAL_TIMING, type ServerTiming } from './server-timing';

const BODY = {
  /** Bytes in a request's body. */
  limit: 1_048_576,
  /** Bytes after which a client that sends on is cut off. */
  patience: 67_108_864,
};

const VARIABLES = { host: 'PROTON_ENDPOINT_HOST', port: 'PROTON_ENDPOINT_PORT' };

export interface EndpointServerOptions {
  readonly address: Address;
  readonly endpoint: Endpoint;
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
  readonly timing?: ServerTiming;
}

/** The server that AWS clients talk to. Whatever it is sent, it answers in AWS's JSON protocol. */
export function createEndpointServer({
  address,
  endpoint,
  reportFault,
  timing = USUAL_TIMING,
}: EndpointServerOptions): ServerLifecycle {
  const onError = (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof BodyTooLargeError) {
      void send(reply, endpoint.refuse(new AwsError('RequestEntityTooLargeException', error.message)));
    } else if ((error.statusCode ?? 500) < 500) {
      void send(reply, endpoint.refuse(new AwsError('SerializationException', error.message)));
    } else {
      reportFault(error);
      void send(reply, endpoint.refuse(FAULT));
    }
  };
  const { clientErrorHandler, watch } = handleBrokenHttp((error) => brokenHttpAnswer(error, endpoint));
  const { http, requestTimeout } = timingOptions(timing);
  const server = fastify({
    requestTimeout,
    // Node would answer by itself where there is no Host, in no shape that a client knows.
    http: { ...http, requireHostHeader: false },
    frameworkErrors: onError,
    clientErrorHandler,
    ...LIFECYCLE_OPTIONS,
  });
  watch(server.server);
  // Node would refuse by itself, likewise, what expects more of it than to go on.
  server.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.server.emit('request', request, response),
  );
  server.setErrorHandler(onError);
  // Fastify would refuse a content type that is malformed, where any must do. As it was sent it stays in `rawHeaders`.
  server.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    delete headers['content-type'];
    done();
  });
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
  return lifecycleOf(server, address, { ...timing, variables: VARIABLES });
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

/** What is written to whoever sends what is not HTTP, or does not send it in time. */
function brokenHttpAnswer({ code }: BrokenHttp, endpoint: Endpoint): string {
  const { status, headers, body } = endpoint.refuse(
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new AwsError('RequestTimeoutException', 'The request took too long to arrive.')
      : new AwsError(
          'SerializationException',
          'The request is not valid HTTP/1.1, or its header is too large.',
        ),
  );
  return wireAnswer(status, headers, body);
}
