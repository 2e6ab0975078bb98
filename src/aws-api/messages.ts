import { onlyValue, type HeaderFields } from '../sigv4/headers';
import { AwsError } from './aws-error';

export { headerFields, onlyValue, type HeaderFields } from '../sigv4/headers';

/** An HTTP request, as it was sent. */
export interface AwsRequest {
  readonly method: string;
  /** Path and query string. */
  readonly url: string;
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

/** What the request log records about a call. Filled in while the call is handled. */
export interface CallRecord {
  /** The request id. Also a header of the response, so that a client's report can be found in the log. */
  readonly id: string;
  /** The name of the operation; undefined until it is known, and for an unknown operation. */
  operation: string | undefined;
  /** The caller: the account, and the access key if there is one. Undefined until it is authenticated. */
  subject: string | undefined;
  /** The name of the error in the response. */
  failure: string | undefined;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The values of the headers that every response has. */
export interface ResponseMetadata {
  readonly requestId: string;
  /** The server's time in milliseconds since the epoch. SDKs correct their clocks by it. */
  readonly at: number;
}

export function successResponse(output: object, metadata: ResponseMetadata): AwsResponse {
  return { status: 200, headers: headersOf(metadata), body: JSON.stringify(output) };
}

/** In AWS JSON 1.0 the name identifies the error. The status only says whether the client or the server caused it. */
export function errorResponse({ name, message }: AwsError, metadata: ResponseMetadata): AwsResponse {
  return {
    status: name === 'InternalServerException' ? 500 : 400,
    headers: { ...headersOf(metadata), 'x-amzn-ErrorType': name },
    body: JSON.stringify({ __type: `com.amazonaws.proton#${name}`, message }),
  };
}

function headersOf({ requestId, at }: ResponseMetadata): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-RequestId': requestId,
    date: new Date(at).toUTCString(),
  };
}

export const HOST_NEEDED = 'The request must have a Host header.';

const PRESIGNED = /[?&]x-amz-/i;

/**
 * Checks that the request is `POST /` with one Host header, as AWS JSON 1.0 requires.
 * @throws AwsError `SerializationException` without a Host header, `IncompleteSignatureException` for a presigned URL,
 * `UnknownOperationException` otherwise; SignatureError for several Host headers
 */
export function checkRequestLine({
  method,
  url,
  headers,
}: Pick<AwsRequest, 'method' | 'url' | 'headers'>): void {
  if (onlyValue(headers, 'host') === undefined) {
    throw new AwsError('SerializationException', HOST_NEEDED);
  }
  if (PRESIGNED.test(url)) {
    throw new AwsError(
      'IncompleteSignatureException',
      'Presigned requests are not taken: the signature must be in the Authorization header, not in the query string.',
    );
  }
  if (method !== 'POST' || url !== '/') {
    throw new AwsError(
      'UnknownOperationException',
      'This endpoint takes POST / alone, without a query string, and the operation in X-Amz-Target.',
    );
  }
}
