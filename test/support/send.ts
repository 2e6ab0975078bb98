import { request as sendRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface SentRequest {
  /** POST unless given. */
  readonly method?: string;
  /** That of the URL unless given. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SentResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
}

const QUERY = '{"query":"{ __typename }"}';

/** Sends a request with any headers and any path. `fetch` sets Host and some others itself, and removes `..` from paths. */
export async function send(
  url: string,
  { method = 'POST', path, headers = {}, body }: SentRequest = {},
): Promise<SentResponse> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = sendRequest(
      { hostname, port, method, path: path ?? pathname, headers, agent: false },
      (response) => {
        buffer(response).then((bytes) => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: bytes.toString(),
            bytes,
          });
        }, reject);
      },
    );
    request.on('error', reject);
    request.end(body ?? (method === 'POST' ? QUERY : undefined));
  });
}
