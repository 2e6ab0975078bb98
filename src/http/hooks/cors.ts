import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { REQUEST_ID_HEADER } from '../headers';

export interface CorsOptions {
  /** The only path that pages of these origins may ask. */
  readonly path: string;
  /** As in `https://studio.apollographql.com`. With none, no page may read an answer. */
  readonly origins: readonly string[];
}

/** What a page may send beyond what every page may. */
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
/** What a page may read beyond the body. */
const ANSWER_HEADERS = [REQUEST_ID_HEADER, 'retry-after'];
/** How long a browser may remember what it was allowed, in seconds. */
const MAX_AGE_S = 600;

/** Lets pages of certain origins ask and read answers, and answers the requests by which browsers find that out. */
export function allowOrigins(server: FastifyInstance, { path, origins }: CorsOptions): void {
  if (origins.length === 0) return;
  const allowed = {
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: ANSWER_HEADERS,
    maxAge: MAX_AGE_S,
  };
  // Called, and not registered: what is registered comes after all hooks that stand in the code, wherever it stands itself.
  cors(
    server,
    {
      delegator: (request: FastifyRequest, callback) => {
        const [asked] = request.url.split('?');
        callback(null, asked === path && !isOtherOptions(request) ? allowed : { origin: false });
      },
    },
    (error) => {
      if (error) throw error;
    },
  );
}

/** OPTIONS that asks for nobody's permission is a method like any other. */
function isOtherOptions({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'OPTIONS' &&
    (headers.origin === undefined || headers['access-control-request-method'] === undefined)
  );
}
