import { request as httpRequest, type ClientRequest } from 'node:http';

import { sendHttp, type WireAnswer, type WireHeaders } from '../support/aws-call';

/** Posts an operation with any header, and answers what came back, byte for byte. */
export function post(url: string, query: string, headers: WireHeaders = {}): Promise<WireAnswer> {
  const { origin, pathname } = new URL(url);
  return sendHttp(origin, {
    path: pathname,
    headers: { 'content-type': 'application/json', ...headers },
    // As bytes, for beside a text Node would write the header in UTF-8 as well.
    body: Buffer.from(JSON.stringify({ query })),
  });
}

/** Posts the header of a request on a connection of its own, and nothing of the body. */
export function startPosting(url: string, headers: WireHeaders = {}): ClientRequest {
  const request = httpRequest(url, { method: 'POST', agent: false });
  const all = { 'content-type': 'application/json', 'content-length': '1000', ...headers };
  for (const [name, value] of Object.entries(all)) request.setHeader(name, value);
  request.on('error', () => undefined);
  request.flushHeaders();
  return request;
}

/** The code of a refusal's one error. */
export function codeOf({ output }: WireAnswer): unknown {
  const { errors } = output as {
    readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
  };
  return errors?.[0]?.extensions?.code;
}
