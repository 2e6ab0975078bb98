import type { HeaderFields } from '../sigv4/headers';
import type { AwsError } from './aws-error';

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
