import { isIPv4, isIPv6 } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { RequestError } from '../../graphql/request-error';

/** The parts of a Fastify request that name a host. */
interface HostSource {
  /** The request target as it was sent. */
  readonly originalUrl: string;
  /** `rawHeaders` has names and values in turn. Node's `headers` keep only the first of two Host fields. */
  readonly raw: { readonly rawHeaders: readonly string[]; readonly httpVersion: string };
}

export const MISSING_HOST = 'The request has no Host header.';

/**
 * Checks the Host header as RFC 9112, section 3.2 demands it. Returns what is wrong, or undefined.
 *
 * An empty host is refused too. It is only right for a target without an authority, and every `http` URL has one (RFC 9110,
 * section 4.2.1). HTTP/1.0 has no Host header, so it may be left out there.
 */
export function hostMistake({ originalUrl, raw }: HostSource): string | undefined {
  const [host, ...others] = hostFields(raw.rawHeaders);
  if (host === undefined) return raw.httpVersion === '1.0' ? undefined : MISSING_HOST;
  if (others.length > 0) return 'The request has more than one Host header.';
  if (!isAuthority(host)) return 'The Host header must be a host name or an address, and perhaps a port.';
  const authority = authorityOf(originalUrl);
  if (authority === undefined || isAuthority(authority)) return undefined;
  return 'The URL of the request must name a host or an address, and perhaps a port.';
}

/** The host that a request is sent to. A URL in the request line wins over the Host header: RFC 9112, section 3.2.2. */
export function requestedHost({ originalUrl, raw }: HostSource): string | undefined {
  return authorityOf(originalUrl) ?? hostFields(raw.rawHeaders)[0];
}

/** Fastify's `rewriteUrl`: a server must also take a whole URL in the request line, as clients send it to a proxy. */
export function originForm({ url = '/' }: { readonly url?: string | undefined }): string {
  const scheme = ABSOLUTE.exec(url)?.[0];
  if (scheme === undefined) return url;
  const rest = url.slice(scheme.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

function authorityOf(target: string): string | undefined {
  return ABSOLUTE.exec(target)?.[1];
}

function hostFields(rawHeaders: readonly string[]): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]];
    // Most names end here, without a copy in lower case.
    if (name.length === 4 && name.toLowerCase() === 'host') values.push(value);
  }
  return values;
}

/** `uri-host [ ":" port ]` of RFC 9110 and RFC 3986, with a host that is not empty. */
const AUTHORITY = /^(?:\[([^\]]+)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d*)?$/i;
const FUTURE_ADDRESS = /^v[\da-f]+\.[\w.~!$&'()*+,;=:-]+$/i;

function isAuthority(value: string): boolean {
  const match = AUTHORITY.exec(value);
  if (!match) return false;
  const [, literal] = match;
  // A zone, as in `fe80::1%eth0`, has no place in a URL.
  return literal === undefined || (isIPv6(literal) && !literal.includes('%')) || FUTURE_ADDRESS.test(literal);
}

/**
 * Whether a host is this machine by a name that nobody else can own. By any other, a web page could have its visitor's
 * browser ask a server that only this machine reaches, and read the answers: DNS rebinding. Ports do not matter.
 */
export function isOwnHost(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host ?? '')?.[1]?.toLowerCase() ?? '';
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    (isIPv4(name) && name.startsWith('127.'))
  );
}

/** The message for a request that names another host. */
export const FOREIGN_HOST =
  'Without authentication this server answers only who asks it as localhost or by a loopback address, and the Host header names another.';

/** Answers those alone who ask this machine by a name that nobody else can own. */
export function refuseForeignHosts(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (isOwnHost(requestedHost(request))) done();
    else done(new RequestError(421, 'MISDIRECTED', `${FOREIGN_HOST} ${REMEDY}`));
  });
}

const REMEDY =
  'Ask for localhost; or have the server know who asks, by ROUTER_SECRET, or set ALLOW_UNAUTHENTICATED=true.';

/**
 * Refuses requests without one valid Host header.
 * @returns the check, for requests that fail before the first hook
 */
export function checkHost(server: FastifyInstance): (request: FastifyRequest) => RequestError | undefined {
  const check = (request: FastifyRequest) => {
    const mistake = hostMistake(request);
    return mistake === undefined ? undefined : new RequestError(400, 'BAD_REQUEST', mistake);
  };
  server.addHook('onRequest', (request, _reply, done) => {
    done(check(request));
  });
  return check;
}
