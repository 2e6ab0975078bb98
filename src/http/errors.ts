import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

import { FAULT } from '../subgraph/format-error';
import { wireAnswer, type BrokenHttp } from './broken-http';

/**
 * What goes wrong before a document is read, answered as a GraphQL response carries an error, so that a client reads it with
 * the code that it has.
 */
export type HttpErrorCode =
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'INTERNAL_SERVER_ERROR'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'REQUEST_TIMEOUT'
  | 'UNSUPPORTED_MEDIA_TYPE';

const CODE_OF_STATUS: Readonly<Record<number, HttpErrorCode>> = {
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

const JSON_TYPE = 'application/json; charset=utf-8';

/** A request that is refused before a document is read. Fastify takes the status from it. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly statusCode: 400 | 415,
    message: string,
  ) {
    super(message);
  }
}

function sendError(reply: FastifyReply, status: number, code: HttpErrorCode, message: string): void {
  void reply.code(status).type(JSON_TYPE).send(errorBody(code, message));
}

/**
 * Answers what Fastify refuses, and masks what fails in a handler.
 * @param reportFault is told of what nobody foresaw
 */
export function answerError(
  error: FastifyError,
  reply: FastifyReply,
  { bodyLimit, reportFault }: { readonly bodyLimit: number; readonly reportFault: (error: unknown) => void },
): void {
  const status = error.statusCode ?? 500;
  if (status >= 500) {
    reportFault(error);
    sendError(reply, 500, 'INTERNAL_SERVER_ERROR', FAULT);
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

/** What is written to whoever sends what is not HTTP, or does not send it in time. */
export function brokenHttpAnswer({ code }: BrokenHttp): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return rawError(408, 'REQUEST_TIMEOUT', 'The request took too long to arrive.');
  }
  return code === 'HPE_HEADER_OVERFLOW'
    ? rawError(431, 'BAD_REQUEST', 'The header of the request is too large.')
    : rawError(400, 'BAD_REQUEST', 'The request is not valid HTTP/1.1.');
}

function rawError(status: number, code: HttpErrorCode, message: string): string {
  return wireAnswer(status, { 'Content-Type': JSON_TYPE }, errorBody(code, message));
}

function errorBody(code: HttpErrorCode, message: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { code } }] });
}
