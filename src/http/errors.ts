import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

import { INTERNAL_ERROR_MESSAGE } from '../graphql/format-error';
import { RequestError, type HttpErrorCode } from '../graphql/request-error';
import { DATA_HEADERS, REQUEST_ID_HEADER } from './headers';
import { wireAnswer, type BrokenHttp, type BrokenHttpAnswer } from './lifecycle/malformed-http';
import type { RequestRecord } from './request-log/request-record';

const CODE_OF_STATUS: Readonly<Record<number, HttpErrorCode>> = {
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** What those are told for whom there is no place. */
export const OVERLOADED = {
  status: 503,
  message: 'The server has as much to do as it can take. Try again in a moment.',
  /** In seconds. */
  headers: { 'retry-after': '1' },
} as const;

/** The same for a request for GraphQL. */
export function overloaded(): RequestError {
  return new RequestError(OVERLOADED.status, 'OVERLOADED', OVERLOADED.message, OVERLOADED.headers);
}

const JSON_TYPE = 'application/json; charset=utf-8';

function sendError(
  reply: FastifyReply,
  status: number,
  code: HttpErrorCode,
  message: string,
  extensions: Readonly<Record<string, string>> = {},
): void {
  const record = recordOf(reply.request);
  if (record) record.failure ??= code;
  void reply
    .code(status)
    // No hook adds these to what Fastify refuses before its first one.
    .headers(DATA_HEADERS)
    .type(JSON_TYPE)
    .send(errorBody(code, message, extensions));
}

/** What Fastify refuses before its first hook has none. */
function recordOf({ record }: { readonly record?: RequestRecord }): RequestRecord | undefined {
  return record;
}

/**
 * Answers what is refused before a document is read, and masks what fails in a handler.
 * @param reportFault is told of what nobody foresaw
 */
export function answerError(
  error: FastifyError | RequestError,
  reply: FastifyReply,
  { bodyLimit, reportFault }: { readonly bodyLimit: number; readonly reportFault: (error: unknown) => void },
): void {
  if (error instanceof RequestError) {
    refuse(reply, error);
    return;
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) {
    reportFault(error);
    answerFault(reply);
    return;
  }
  const code = CODE_OF_STATUS[status] ?? 'BAD_REQUEST';
  sendError(
    reply,
    status,
    code,
    status === 413 ? `The body has more than ${String(bodyLimit)} bytes.` : error.message,
  );
}

/** Answers what nobody foresaw, once it has been reported: masked, with the id that finds the report. */
export function answerFault(reply: FastifyReply): void {
  sendError(reply, 500, 'INTERNAL_SERVER_ERROR', INTERNAL_ERROR_MESSAGE, { requestId: reply.request.id });
}

/** Answers a request that is refused. */
export function refuse(reply: FastifyReply, { statusCode, code, message, headers }: RequestError): void {
  void reply.headers(headers);
  sendError(reply, statusCode, code, message);
}

/** @param knownPath what there is, for whoever asks for something else, or with another method than it takes */
export function answerUnknownPaths(server: FastifyInstance, knownPath: string): void {
  server.setNotFoundHandler(({ url }, reply) => {
    const [path = ''] = url.split('?');
    if (path === knownPath) {
      reply.header('allow', 'GET, POST');
      sendError(reply, 405, 'METHOD_NOT_ALLOWED', `${knownPath} takes POST, or GET for queries.`);
      return;
    }
    sendError(reply, 404, 'NOT_FOUND', `There is nothing at ${path}. GraphQL is at ${knownPath}.`);
  });
}

/** What is written to whoever sends what is not HTTP, or does not send it in time; and what there is to tell of it. */
export function brokenHttpAnswer({ code }: BrokenHttp, requestId: string): BrokenHttpAnswer {
  const [status, outcome, message] = BROKEN[code ?? ''] ?? NO_HTTP;
  const headers = { ...DATA_HEADERS, 'Content-Type': JSON_TYPE, [REQUEST_ID_HEADER]: requestId };
  return { status, outcome, wire: wireAnswer(status, headers, errorBody(outcome, message)) };
}

const NO_HTTP = [400, 'BAD_REQUEST', 'The request is not valid HTTP/1.1.'] as const;

const BROKEN: Readonly<Record<string, readonly [status: number, HttpErrorCode, message: string]>> = {
  CONNECT: [405, 'METHOD_NOT_ALLOWED', 'This is no proxy.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [431, 'BAD_REQUEST', 'The header of the request is too large.'],
};

function errorBody(
  code: HttpErrorCode,
  message: string,
  extensions: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({ errors: [{ message, extensions: { code, ...extensions } }] });
}
