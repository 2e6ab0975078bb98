import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';

import { AwsError, FAULT } from '../aws-api/aws-error';
import type { AwsApi } from '../aws-api/aws-api';
import { headerFields, type AwsResponse } from '../aws-api/messages';
import { HOST_NEEDED } from '../aws-api/request-line';
import { createAdmission, type Admission } from './hooks/admission-queue';
import { admitRequests } from './hooks/admission';
import { OVERLOADED } from './errors';
import {
  handleBrokenHttp,
  wireAnswer,
  type BrokenHttp,
  type BrokenHttpAnswer,
} from './lifecycle/malformed-http';
import type { Address } from './lifecycle/listen';
import { FOREIGN_HOST, hostMistake, isOwnHost, MISSING_HOST, originForm, requestedHost } from './hooks/host';
import { createArrivingBodies, type ArrivingBodies } from './body/body-budget';
import { BodyTooLargeError } from './body/read-body';
import { beginRecord, brokenAnswers, keepRecords, type RecordOptions } from './request-log/record-requests';
import { REQUEST_ID_HEADER, requestIdOf } from './headers';
import type { RequestObserver } from '../telemetry/events';
import { traceRequests } from './request-log/request-spans';
import { waitingClient } from './lifecycle/response-end';
import { lifecycleOf, type ServerLifecycle } from './lifecycle/server-lifecycle';
import {
  serverOptions,
  takeWhateverIsExpected,
  USUAL_TIMING,
  type ServerTiming,
} from './lifecycle/server-options';

const BODY = {
  /** Bytes in a request's body. */
  limit: 1_048_576,
  /** Bytes after which a client that sends on is cut off. */
  patience: 67_108_864,
};

const VARIABLES = { host: 'PROTON_ENDPOINT_HOST', port: 'PROTON_ENDPOINT_PORT' };

export interface EndpointServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader?: boolean;
  /** The places for requests that are worked on at a time. */
  readonly admission?: Admission;
  /** Bounds the bodies that are on their way. */
  readonly arrivingBodies?: ArrivingBodies;
  readonly endpoint: AwsApi;
  /** Is told of what goes wrong on our side, and in which request. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  /** Is told of every request, once, when it has ended. */
  readonly observe?: RequestObserver;
  /** Whether requests are traced. */
  readonly traced?: boolean;
  readonly timing?: ServerTiming;
}

/** The server that AWS clients talk to. Whatever it is sent, it answers in AWS's JSON protocol. */
export function createEndpointServer({
  address,
  checkHostHeader = false,
  admission = createAdmission(Infinity),
  arrivingBodies = createArrivingBodies(),
  endpoint,
  reportFault,
  observe = () => undefined,
  traced = false,
  timing = USUAL_TIMING,
}: EndpointServerOptions): ServerLifecycle {
  const onError = (error: FastifyError, { id, record }: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof BodyTooLargeError) {
      void send(
        reply,
        endpoint.refuse(new AwsError('RequestEntityTooLargeException', error.message), record),
      );
    } else if ((error.statusCode ?? 500) < 500) {
      void send(reply, endpoint.refuse(new AwsError('SerializationException', error.message), record));
    } else {
      reportFault(error, id);
      void send(reply, endpoint.refuse(FAULT, record));
    }
  };
  /** Refuses a request without one valid Host header. */
  const refuseHost = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const mistake = hostMistake(request);
    if (mistake === undefined) return false;
    const message = mistake === MISSING_HOST ? HOST_NEEDED : mistake;
    void send(reply, endpoint.refuse(new AwsError('SerializationException', message), request.record));
    return true;
  };
  const records: RecordOptions = { server: 'endpoint', observe };
  const { clientErrorHandler, watch } = handleBrokenHttp(
    brokenAnswers(records, (error, requestId) => brokenHttpAnswer(error, requestId, endpoint)),
  );
  const server = fastify({
    ...serverOptions(timing),
    frameworkErrors(error, request, reply) {
      beginRecord(request, reply, records);
      if (!refuseHost(request, reply)) onError(error, request, reply);
    },
    clientErrorHandler,
    genReqId: requestIdOf,
    rewriteUrl: originForm,
  });
  watch(server.server);
  takeWhateverIsExpected(server.server);
  keepRecords(server, records);
  if (traced) traceRequests(server, '/');
  server.setErrorHandler(onError);
  server.addHook('onRequest', (request, reply, done) => {
    if (!refuseHost(request, reply)) done();
  });
  if (checkHostHeader) {
    server.addHook('onRequest', (request, reply, done) => {
      const host = requestedHost(request);
      // HTTP/1.0 may come without a host, which the endpoint refuses by itself.
      if (host === undefined || isOwnHost(host)) done();
      else
        void send(
          reply,
          endpoint.refuse(new AwsError('AccessDeniedException', `${FOREIGN_HOST} ${REMEDY}`), request.record),
        );
    });
  }
  admitRequests(server, {
    admission,
    arrivingBodies,
    bodyBounds: BODY,
    patienceMs: timing.requestMs,
    refuse(reply) {
      const error = new AwsError('ThrottlingException', OVERLOADED.message);
      void send(reply.headers(OVERLOADED.headers), endpoint.refuse(error, reply.request.record));
    },
  });
  // Fastify would refuse a content type that is malformed, where any must do. As it was sent it stays in `rawHeaders`.
  server.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    delete headers['content-type'];
    done();
  });
  server.removeAllContentTypeParsers();
  // Bodies are signed as they are, so nothing looks at them before the endpoint does.
  server.addContentTypeParser('*', ({ bodyBytes }: FastifyRequest, _payload, done) => {
    done(null, bodyBytes);
  });

  const answer = async ({ method, url, raw, body, record }: FastifyRequest, reply: FastifyReply) =>
    send(
      reply,
      await endpoint.handle(
        {
          method,
          url,
          headers: headerFields(raw.rawHeaders),
          body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        },
        record,
        waitingClient(reply.raw),
      ),
    );
  server.post('/', answer);
  server.setNotFoundHandler(answer);
  return lifecycleOf(server, address, { ...timing, variables: VARIABLES });
}

const REMEDY = 'Ask for localhost, or have callers sign their requests, with PROTON_ENDPOINT_AUTH=sigv4.';

function send(reply: FastifyReply, { status, headers, body }: AwsResponse): FastifyReply {
  // To the content type of a string, Fastify would add a charset, which the protocol has not.
  return reply.code(status).headers(headers).send(Buffer.from(body));
}

/** What is written to whoever sends what is not HTTP, or does not send it in time. */
function brokenHttpAnswer({ code }: BrokenHttp, requestId: string, endpoint: AwsApi): BrokenHttpAnswer {
  const error = BROKEN[code ?? ''] ?? NO_HTTP;
  const { status, headers, body } = endpoint.refuse(error, {
    id: requestId,
    operation: undefined,
    subject: undefined,
    failure: undefined,
  });
  const wire = wireAnswer(status, { ...headers, [REQUEST_ID_HEADER]: requestId }, body);
  return { status, outcome: error.name, wire };
}

const NO_HTTP = new AwsError(
  'SerializationException',
  'The request is not valid HTTP/1.1, or its header is too large.',
);

const BROKEN: Readonly<Record<string, AwsError>> = {
  CONNECT: new AwsError('UnknownOperationException', 'This is no proxy.'),
  ERR_HTTP_REQUEST_TIMEOUT: new AwsError('RequestTimeoutException', 'The request took too long to arrive.'),
};
