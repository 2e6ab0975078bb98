import { randomUUID } from 'node:crypto';

import { AwsError } from './aws-error';

/** The fields of a request's header by their names in lower case, each with its values in the order in which they came. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/** A request, as it came over the wire. */
export interface EndpointRequest {
  readonly method: string;
  /** The path and the query string. */
  readonly url: string;
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

export interface EndpointAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param at the server's time, in milliseconds since the epoch: SDKs correct their clocks by it */
export function successAnswer(output: object, at: number): EndpointAnswer {
  return { status: 200, headers: headersAt(at), body: JSON.stringify(output) };
}

/** In AWS's JSON protocol an error is told by its name. Its status says no more than whose fault it is. */
export function errorAnswer({ name, message }: AwsError, at: number): EndpointAnswer {
  return {
    status: name === 'InternalServerException' ? 500 : 400,
    headers: { ...headersAt(at), 'x-amzn-ErrorType': name },
    body: JSON.stringify({ __type: `com.amazonaws.proton#${name}`, message }),
  };
}

function headersAt(at: number): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-RequestId': randomUUID(),
    date: new Date(at).toUTCString(),
  };
}

/**
 * The value of a field that may appear once, undefined where it does not.
 * @throws AwsError `IncompleteSignatureException` where it appears twice: which of them was meant would be for each reader to guess
 */
export function onlyValue(headers: HeaderFields, name: string): string | undefined {
  const [value, ...others] = headers.get(name) ?? [];
  if (others.length === 0) return value;
  throw new AwsError('IncompleteSignatureException', `The header ${name} appears more than once.`);
}
