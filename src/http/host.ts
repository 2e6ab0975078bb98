import { isIPv4, isIPv6 } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { RequestError } from '../graphql/request-error';

/** The parts of a Fastify request that name a host. */
interface HostSource {
  /** The request target as it was sent. */
  readonly originalUrl: string;
  /** `rawHeaders` has names and values in turn. Node's `headers` keep only the first of two Host fields. */
  readonly raw: { readonly rawHeaders: readonly string[] };
}

export const MISSING_HOST = 'The request has no Host header.';

/**
 * Checks the Host header as RFC 9112, section 3.2 demands. Returns what is wrong, or undefined.
 *
 * An empty host is invalid too: it is only correct for a URL without an authority, and every `http` URL has one (RFC 9110,
 * section 4.2.1). HTTP/1.0 does not require the header, but this server does, on every port: it says who a request is for.
 */
export function invalidHostReason({ originalUrl, raw }: HostSource): string | undefined {
  const index = hostIndex(raw.rawHeaders, 0);
  const host = raw.rawHeaders[index + 1];
  if (index === -1 || host === undefined) return MISSING_HOST;
  if (hostIndex(raw.rawHeaders, index + 2) !== -1) return 'The request has more than one Host header.';
  if (!isAuthority(host)) return 'The Host header must be a host name or an address, and perhaps a port.';
  const authority = authorityOf(originalUrl);
  if (authority === undefined || isAuthority(authority)) return undefined;
  return 'The URL of the request must name a host or an address, and perhaps a port.';
}

/** The host that a request names. A URL in the request line has precedence over the Host header: RFC 9112, section 3.2.2. */
export function requestedHost({ originalUrl, raw }: HostSource): string | undefined {
  const authority = authorityOf(originalUrl);
  if (authority !== undefined) return authority;
  const index = hostIndex(raw.rawHeaders, 0);
  return index === -1 ? undefined : raw.rawHeaders[index + 1];
}

/** Fastify's `rewriteUrl`: a server must also accept an absolute URL in the request line, as clients send it to a proxy. */
export function originForm({ url = '/' }: { readonly url?: string | undefined }): string {
  const scheme = ABSOLUTE.exec(url)?.[0];
  if (scheme === undefined) return url;
  const rest = url.slice(scheme.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

function authorityOf(target: string): string | undefined {
  // Almost every target is a path.
  return target.startsWith('/') ? undefined : ABSOLUTE.exec(target)?.[1];
}

/** The index of the next Host field's name, or -1. */
function hostIndex(rawHeaders: readonly string[], start: number): number {
  for (let index = start; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    // The length first, because it avoids a lower-case copy of most names.
    if (name?.length === 4 && name.toLowerCase() === 'host') return index;
  }
  return -1;
}

/** `uri-host [ ":" port ]` of RFC 9110 and RFC 3986, with a host that is not empty. */
const AUTHORITY = /^(?:\[([^\]]+)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d*)?$/i;
const FUTURE_ADDRESS = /^v[\da-f]+\.[\w.~!$&'()*+,;=:-]+$/i;

function isAuthority(value: string): boolean {
  const match = AUTHORITY.exec(value);
  if (!match) return false;
  const [, literal] = match;
  // URLs cannot contain a zone, as in `fe80::1%eth0`.
  return literal === undefined || (isIPv6(literal) && !literal.includes('%')) || FUTURE_ADDRESS.test(literal);
}

/**
 * Whether a host is localhost or a loopback address, whatever its port. A web page can point any other name at this machine, so that
 * its visitor's browser sends requests to a local server and the page reads the responses: DNS rebinding.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host ?? '')?.[1]?.toLowerCase() ?? '';
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    (isIPv4(name) && name.startsWith('127.'))
  );
}

/** The message for a request to another host. */
export const FOREIGN_HOST =
  'Without authentication this server answers only who asks it as localhost or by a loopback address, and the Host header names another.';

/** Rejects requests whose host is not localhost or a loopback address. */
export function requireLoopbackHost(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (isLoopbackHost(requestedHost(request))) done();
    else done(new RequestError(421, 'MISDIRECTED', `${FOREIGN_HOST} ${HOW_TO_FIX}`));
  });
}

const HOW_TO_FIX =
  'Ask for localhost; or have the server know who asks, by ROUTER_SECRET, or set ALLOW_UNAUTHENTICATED=true.';

/**
 * Rejects requests without exactly one valid Host header.
 * @returns the check, for requests that fail before the first hook
 */
export function addHostCheck(server: FastifyInstance): (request: FastifyRequest) => RequestError | undefined {
  const check = (request: FastifyRequest) => {
    const reason = invalidHostReason(request);
    return reason === undefined ? undefined : new RequestError(400, 'BAD_REQUEST', reason);
  };
  server.addHook('onRequest', (request, _reply, done) => {
    done(check(request));
  });
  return check;
}
