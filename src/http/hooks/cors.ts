import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { REQUEST_ID_HEADER } from '../headers';

export interface CorsOptions {
  /** The only path that pages of these origins may use. */
  readonly path: string;
  /** Such as `https://studio.apollographql.com`. If empty, no page may read responses. */
  readonly origins: readonly string[];
}

/** Headers that a page may send in addition to the safelisted ones. */
const REQUEST_HEADERS = [
  'content-type',
  'authorization',
  'router-authorization',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'traceparent',
  'tracestate',
  REQUEST_ID_HEADER,
];
/** Headers that a page may read in addition to the safelisted ones. */
const RESPONSE_HEADERS = [REQUEST_ID_HEADER, 'retry-after'];
/** How long browsers may cache a preflight response, in seconds. */
const MAX_AGE_S = 600;

/** Lets pages of the given origins send requests and read responses, and responds to their preflight requests. */
export function addCors(server: FastifyInstance, { path, origins }: CorsOptions): void {
  if (origins.length === 0) return;
  const allowed = {
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: RESPONSE_HEADERS,
    maxAge: MAX_AGE_S,
  };
  // Called directly, because Fastify loads registered plugins later: their hooks would run after all hooks added here.
  cors(
    server,
    {
      delegator: (request: FastifyRequest, callback) => {
        const [requestedPath] = request.url.split('?');
        callback(null, requestedPath === path && !isPlainOptions(request) ? allowed : { origin: false });
      },
    },
    (error) => {
      if (error) throw error;
    },
  );
}

/** Whether an OPTIONS request is not a preflight. It is then handled like any other method. */
function isPlainOptions({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'OPTIONS' &&
    (headers.origin === undefined || headers['access-control-request-method'] === undefined)
  );
}
