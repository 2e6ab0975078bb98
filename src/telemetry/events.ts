/** What other modules report to telemetry. Types only, so that every module may import this file. */

/** A request whose response has ended. */
export interface RequestEvent {
  readonly server: 'graphql' | 'endpoint';
  readonly requestId: string;
  /** Root fields of the schema, or the AWS operation; undefined when none was recognised. */
  readonly operation: string | undefined;
  /** The operation's name in the document. */
  readonly operationName: string | undefined;
  /** Whether a prepared document was executed without Apollo Server. */
  readonly isCompiled: boolean;
  /** Who sent the request: the token's subject, the router or the account. Undefined when authentication failed. */
  readonly subject: string | undefined;
  /** `OK`, or the code of the first failure. */
  readonly outcome: string;
  /** Why authentication failed; never sent to the client. */
  readonly reason: string | undefined;
  /** Undefined when no response was sent. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Undefined when the request is not traced. */
  readonly trace: { readonly traceId: string; readonly spanId: string } | undefined;
}

/** Receives every request once, after its response has ended. */
export type RequestObserver = (request: RequestEvent) => void;

/** A finished call on a port. */
export interface CallEvent {
  readonly operation: string;
  /** The code of the failure; undefined when the call succeeded. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

/** Runs a call, observes its duration and result, and returns what it returns: a value at once, or a promise. */
export type Around = <Returned>(operation: string, call: () => Returned) => Returned;
