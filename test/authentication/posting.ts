import { sendHttp, type WireAnswer, type WireHeaders } from '../support/endpoint-call';

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

/** The code of a refusal's one error. */
export function codeOf({ output }: WireAnswer): unknown {
  const { errors } = output as {
    readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
  };
  return errors?.[0]?.extensions?.code;
}
