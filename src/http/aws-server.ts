import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';

import type { AwsApi } from '../aws-api/aws-api';
import { AwsError, FAULT } from '../aws-api/aws-error';
import { type AwsResponse, headerFields, HOST_NEEDED } from '../aws-api/messages';
import type { RequestObserver } from '../telemetry/events';
import { createBodyReader, type BodyReader } from './body/body-budget';
import { BodyTooLargeError } from './body/read-body';
import { OVERLOADED } from './errors';
import { REQUEST_ID_HEADER, requestIdOf } from './headers';
import { admitRequests } from './hooks/admission';
import { Admission } from './hooks/admission-queue';
import {
  FOREIGN_HOST,
  invalidHostReason,
  isLoopbackHost,
  MISSING_HOST,
  originForm,
  requestedHost,
} from './host';
import type { Address } from './lifecycle/listen';
import {
  handleMalformedHttp,
  rawResponse,
  type ClientError,
  type MalformedHttpResponse,
} from './lifecycle/malformed-http';
import { watchDisconnect } from './lifecycle/response-end';
import { createLifecycle, type ServerLifecycle } from './lifecycle/server-lifecycle';
import {
  acceptExpectHeaders,
  DEFAULT_TIMING,
  serverOptions,
  type ServerTiming,
} from './lifecycle/server-options';
import { recordRequests, respondToMalformedHttp, startRecord } from './request-log/record-requests';
import type { RequestLogOptions } from './request-log/request-record';
import { traceRequests } from './request-log/request-spans';

const BODY_LIMITS = { maxBytes: 1_048_576, maxReadBytes: 67_108_864 };

const VARIABLES = { host: 'PROTON_ENDPOINT_HOST', port: 'PROTON_ENDPOINT_PORT' };

export interface AwsServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader?: boolean;
  /** Limits the requests in flight. */
  readonly admission?: Admission;
  /** Limits the bodies that are being received. */
  readonly bodyReader?: BodyReader;
  readonly api: AwsApi;
  /** Receives unexpected errors with the request's id. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  readonly observe?: RequestObserver;
  readonly traced?: boolean;
  readonly timing?: ServerTiming;
}

/** The server for AWS clients. Every response is in the protocol AWS JSON 1.0, whatever the request. */
export function createAwsServer({
  address,
  checkHostHeader = false,
  admission = new Admission(Infinity),
  bodyReader = createBodyReader(),
  api,
  reportFault,
  observe = () => undefined,
  traced = false,
  timing = DEFAULT_TIMING,
}: AwsServerOptions): ServerLifecycle {
  const onError = (error: FastifyError, { id, record }: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof BodyTooLargeError) {
      void send(reply, api.refuse(new AwsError('RequestEntityTooLargeException', error.message), record));
    } else if ((error.statusCode ?? 500) < 500) {
      void send(reply, api.refuse(new AwsError('SerializationException', error.message), record));
    } else {
      reportFault(error, id);
      void send(reply, api.refuse(FAULT, record));
    }
  };
  /** Rejects a request without exactly one valid Host header. */
  const rejectInvalidHost = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const reason = invalidHostReason(request);
    if (reason === undefined) return false;
    const message = reason === MISSING_HOST ? HOST_NEEDED : reason;
    void send(reply, api.refuse(new AwsError('SerializationException', message), request.record));
    return true;
  };
  const records: RequestLogOptions = { server: 'endpoint', observe };
  const { clientErrorHandler, watch } = handleMalformedHttp(
    respondToMalformedHttp(records, (error, requestId) => malformedHttpResponse(error, requestId, api)),
  );
  const server = fastify({
    ...serverOptions(timing),
    frameworkErrors(error, request, reply) {
      startRecord(request, reply, records);
      if (!rejectInvalidHost(request, reply)) onError(error, request, reply);
    },
    clientErrorHandler,
    genReqId: requestIdOf,
    rewriteUrl: originForm,
  });
  watch(server.server);
  acceptExpectHeaders(server.server);
  recordRequests(server, records);
  if (traced) traceRequests(server, '/');
  server.setErrorHandler(onError);
  server.addHook('onRequest', (request, reply, done) => {
    if (!rejectInvalidHost(request, reply)) done();
  });
  if (checkHostHeader) {
    server.addHook('onRequest', (request, reply, done) => {
      const host = requestedHost(request);
      // HTTP/1.0 allows requests without a host. The API rejects them.
      if (host === undefined || isLoopbackHost(host)) done();
      else
        void send(
          reply,
          api.refuse(new AwsError('AccessDeniedException', `${FOREIGN_HOST} ${HOW_TO_FIX}`), request.record),
        );
    });
  }
  admitRequests(server, {
    admission,
    bodyReader,
    bodyLimits: BODY_LIMITS,
    timeoutMs: timing.requestMs,
    refuse(reply) {
      const error = new AwsError('ThrottlingException', OVERLOADED.message);
      void send(reply.headers(OVERLOADED.headers), api.refuse(error, reply.request.record));
    },
  });
  // Any content type is accepted, but Fastify would reject a malformed one. `rawHeaders` still has it.
  server.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    delete headers['content-type'];
    done();
  });
  server.removeAllContentTypeParsers();
  // The signature covers the raw bytes, so the API parses them.
  server.addContentTypeParser('*', ({ bodyBytes }: FastifyRequest, _payload, done) => {
    done(null, bodyBytes);
  });

  const handle = async ({ method, url, raw, body, record }: FastifyRequest, reply: FastifyReply) =>
    send(
      reply,
      await api.handle(
        {
          method,
          url,
          headers: headerFields(raw.rawHeaders),
          body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        },
        record,
        watchDisconnect(reply.raw),
      ),
    );
  server.post('/', handle);
  server.setNotFoundHandler(handle);
  return createLifecycle(server, address, { ...timing, variables: VARIABLES });
}

const HOW_TO_FIX = 'Ask for localhost, or have callers sign their requests, with PROTON_ENDPOINT_AUTH=sigv4.';

function send(reply: FastifyReply, { status, headers, body }: AwsResponse): FastifyReply {
  // A buffer, because Fastify would add a charset to the content type of a string.
  return reply.code(status).headers(headers).send(Buffer.from(body));
}

/** The response to malformed or late HTTP. */
function malformedHttpResponse({ code }: ClientError, requestId: string, api: AwsApi): MalformedHttpResponse {
  const error = ERRORS_BY_CODE[code ?? ''] ?? INVALID_HTTP;
  const { status, headers, body } = api.refuse(error, {
    id: requestId,
    operation: undefined,
    subject: undefined,
    failure: undefined,
  });
  const raw = rawResponse(status, { ...headers, [REQUEST_ID_HEADER]: requestId }, body);
  return { status, outcome: error.name, raw };
}

const INVALID_HTTP = new AwsError(
  'SerializationException',
  'The request is not valid HTTP/1.1, or its header is too large.',
);

const ERRORS_BY_CODE: Readonly<Record<string, AwsError>> = {
  CONNECT: new AwsError('UnknownOperationException', 'This is no proxy.'),
  ERR_HTTP_REQUEST_TIMEOUT: new AwsError('RequestTimeoutException', 'The request took too long to arrive.'),
};
