import { request as httpRequest, type ClientRequest } from 'node:http';

import { sendHttp, type WireResponse, type WireHeaders } from '../support/aws-call';

/** Posts an operation with any headers, and returns the response unparsed. */
export function post(url: string, query: string, headers: WireHeaders = {}): Promise<WireResponse> {
  const { origin, pathname } = new URL(url);
  return sendHttp(origin, {
    path: pathname,
    headers: { 'content-type': 'application/json', ...headers },
    // As bytes: with a string body, Node would encode the headers as UTF-8 too.
    body: Buffer.from(JSON.stringify({ query })),
  });
}

/** Sends the headers of a POST on a new connection, and never its body. */
export function startPosting(url: string, headers: WireHeaders = {}): ClientRequest {
  const request = httpRequest(url, { method: 'POST', agent: false });
  const all = { 'content-type': 'application/json', 'content-length': '1000', ...headers };
  for (const [name, value] of Object.entries(all)) request.setHeader(name, value);
  request.on('error', () => undefined);
  request.flushHeaders();
  return request;
}

/** The code of the only error in a response. */
export function codeOf({ output }: WireResponse): unknown {
  const { errors } = output as {
    readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
  };
  return errors?.[0]?.extensions?.code;
}
