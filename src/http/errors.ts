import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';

import { INTERNAL_ERROR_MESSAGE } from '../graphql/format-error';
import { RequestError, type HttpErrorCode } from '../graphql/request-error';
import { DATA_HEADERS, REQUEST_ID_HEADER } from './headers';
import { rawResponse, type ClientError, type MalformedHttpResponse } from './lifecycle/malformed-http';
import type { RequestRecord } from './request-log/request-record';

const CODE_OF_STATUS: Readonly<Record<number, HttpErrorCode>> = {
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** The response when the server has no capacity left. */
export const OVERLOADED = {
  status: 503,
  message: 'The server has as much to do as it can take. Try again in a moment.',
  /** In seconds. */
  headers: { 'retry-after': '1' },
} as const;

/** `OVERLOADED` as the error of a GraphQL request. */
export function overloaded(): RequestError {
  return new RequestError(OVERLOADED.status, 'OVERLOADED', OVERLOADED.message, OVERLOADED.headers);
}

/** Ends a subscription whose user's token expires. */
export const TOKEN_EXPIRED: GraphQLFormattedError = {
  message: 'The token has expired. Subscribe again with a new one.',
  extensions: { code: 'UNAUTHENTICATED' },
};

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
    // Hooks do not run for requests that Fastify rejects before the first hook.
    .headers(DATA_HEADERS)
    .type(JSON_TYPE)
    .send(errorBody(code, message, extensions));
}

/** Undefined for requests that Fastify rejects before the first hook. */
function recordOf({ record }: { readonly record?: RequestRecord }): RequestRecord | undefined {
  return record;
}

/**
 * Sends the response for an error. Unexpected errors are masked.
 * @param reportFault receives unexpected errors
 */
export function sendErrorResponse(
  error: FastifyError | RequestError,
  reply: FastifyReply,
  { bodyLimit, reportFault }: { readonly bodyLimit: number; readonly reportFault: (error: unknown) => void },
): void {
  if (error instanceof RequestError) {
    sendRequestError(reply, error);
    return;
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) {
    reportFault(error);
    sendInternalError(reply);
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

/** Sends a masked response for an unexpected error that was reported. It contains the request id, to find the report. */
export function sendInternalError(reply: FastifyReply): void {
  sendError(reply, 500, 'INTERNAL_SERVER_ERROR', INTERNAL_ERROR_MESSAGE, { requestId: reply.request.id });
}

/** Rejects a request. */
export function sendRequestError(
  reply: FastifyReply,
  { statusCode, code, message, headers }: RequestError,
): void {
  void reply.headers(headers);
  sendError(reply, statusCode, code, message);
}

/**
 * Responds with 404 to other paths than `knownPath`, and with 405 to other methods than it has.
 * @param isFilePath whether a path is for files, which are read alone
 */
export function addNotFoundHandler(
  server: FastifyInstance,
  knownPath: string,
  isFilePath: (path: string) => boolean,
): void {
  server.setNotFoundHandler(({ method, url }, reply) => {
    const [path = ''] = url.split('?');
    if (path === knownPath) {
      reply.header('allow', 'GET, POST');
      sendError(reply, 405, 'METHOD_NOT_ALLOWED', `${knownPath} takes POST, or GET for queries.`);
      return;
    }
    if (isFilePath(path) && method !== 'GET' && method !== 'HEAD') {
      reply.header('allow', 'GET, HEAD');
      sendError(reply, 405, 'METHOD_NOT_ALLOWED', `${path} takes GET and HEAD.`);
      return;
    }
    sendError(reply, 404, 'NOT_FOUND', `There is nothing at ${path}. GraphQL is at ${knownPath}.`);
  });
}

/** The response to malformed or late HTTP. */
export function malformedHttpResponse({ code }: ClientError, requestId: string): MalformedHttpResponse {
  const [status, outcome, message] = ERRORS_BY_CODE[code ?? ''] ?? INVALID_HTTP;
  const headers = { ...DATA_HEADERS, 'Content-Type': JSON_TYPE, [REQUEST_ID_HEADER]: requestId };
  return { status, outcome, raw: rawResponse(status, headers, errorBody(outcome, message)) };
}

const INVALID_HTTP = [400, 'BAD_REQUEST', 'The request is not valid HTTP/1.1.'] as const;

const ERRORS_BY_CODE: Readonly<Record<string, readonly [status: number, HttpErrorCode, message: string]>> = {
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
