import type { HeaderFields } from '../sigv4/headers';
import type { AwsError } from './aws-error';

export { headerFields, onlyValue, type HeaderFields } from '../sigv4/headers';

/** A request, as it came over the wire. */
export interface EndpointRequest {
  readonly method: string;
  /** The path and the query string. */
  readonly url: string;
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

/** What is known of a request beside what it says, and what is learnt of it on its way to its answer. */
export interface ExchangeNotes {
  /** Goes with the answer, and names the request to whoever looks for it in the log. */
  readonly id: string;
  /** The operation that was called, if it is one. */
  operation: string | undefined;
  /** Who called: the account, and the access key. Undefined until that is known. */
  subject: string | undefined;
  /** The name of the error that is answered. */
  failure: string | undefined;
}

export interface EndpointAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What an answer's header says whatever the answer is. */
export interface AnswerFacts {
  readonly requestId: string;
  /** The server's time, in milliseconds since the epoch: SDKs correct their clocks by it. */
  readonly at: number;
}

export function successAnswer(output: object, facts: AnswerFacts): EndpointAnswer {
  return { status: 200, headers: headersOf(facts), body: JSON.stringify(output) };
}

/** In AWS's JSON protocol an error is told by its name. Its status says no more than whose fault it is. */
export function errorAnswer({ name, message }: AwsError, facts: AnswerFacts): EndpointAnswer {
  return {
    status: name === 'InternalServerException' ? 500 : 400,
    headers: { ...headersOf(facts), 'x-amzn-ErrorType': name },
    body: JSON.stringify({ __type: `com.amazonaws.proton#${name}`, message }),
  };
}

function headersOf({ requestId, at }: AnswerFacts): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-RequestId': requestId,
    date: new Date(at).toUTCString(),
  };
}
