import { Agent, request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** Headers of a request. A list sends a header several times. */
export type WireHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A raw request, for tests that send what no client would. */
export interface WireRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: WireHeaders;
  readonly body?: string | Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The name of the exception; undefined for a success. */
  readonly error: string | undefined;
  readonly message: string;
  /** The body, if it is JSON. */
  readonly output: unknown;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
afterAll(() => {
  agent.destroy();
});

/** Sends exactly this request. */
export async function sendHttp(
  origin: string,
  { method = 'POST', path = '/', headers = {}, body = '' }: WireRequest,
): Promise<WireResponse> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ agent, hostname, port, method, path }, (response) => {
      buffer(response).then((bytes) => {
        const text = bytes.toString();
        const output = parsed(text);
        const { __type: type, message } = (output ?? {}) as { __type?: string; message?: string };
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          error: type?.split('#')[1],
          message: message ?? '',
          output,
        });
      }, reject);
    });
    const framing =
      'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    for (const [name, value] of Object.entries({ ...framing, ...headers })) {
      request.setHeader(name, value);
    }
    request.on('error', reject);
    request.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface CallOptions {
  readonly region?: string;
}

/** The headers of an unsigned request, for a server that trusts the access key id as the account. */
export function unsignedHeaders(
  accountId: string,
  operation: string,
  { region = 'us-east-1' }: CallOptions = {},
): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AwsProton20200720.${operation}`,
    authorization: `AWS4-HMAC-SHA256 Credential=${accountId}/20261122/${region}/proton/aws4_request, SignedHeaders=host, Signature=0`,
  };
}

/** Calls an operation unsigned, as this account. Strings and buffers are sent unchanged, other input as JSON. */
export function callAs(
  origin: string,
  accountId: string,
  operation: string,
  input: unknown,
  options: CallOptions = {},
): Promise<WireResponse> {
  const body = typeof input === 'string' || Buffer.isBuffer(input) ? input : JSON.stringify(input);
  return sendHttp(origin, { headers: unsignedHeaders(accountId, operation, options), body });
}
