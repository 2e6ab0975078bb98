import type { FastifyContextConfig, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of routes that send files which everyone may have: they need no token and take no slot. */
    readonly isPublicFile?: boolean;
  }
}

/** The `config` of a route for a public file. */
export const PUBLIC_FILE: FastifyContextConfig = { isPublicFile: true };

/** Whether a request is for a public file. Almost all requests are POST, and Fastify's `routeOptions` makes an object each time. */
export function isForPublicFile(request: FastifyRequest): boolean {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  return !request.is404 && request.routeOptions.config.isPublicFile === true;
}
