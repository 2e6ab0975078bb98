import type { Socket } from 'node:net';

import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

import { FAULT } from '../subgraph/format-error';

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

/** Answers what is not HTTP at all; there is no request then that a handler could be given. */
export function answerBrokenHttp(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = errorBody('BAD_REQUEST', `The request is not valid HTTP/1.1 (${status.slice(4)}).`);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}

function errorBody(code: HttpErrorCode, message: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { code } }] });
}
