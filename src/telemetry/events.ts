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
  /** Why authentication failed, or a callback was refused; never sent to the client. */
  readonly reason: string | undefined;
  /** Undefined when no response was sent. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Undefined when the request is not traced. */
  readonly trace: { readonly traceId: string; readonly spanId: string } | undefined;
}

/** Receives every request once, after its response has ended. */
export type RequestObserver = (request: RequestEvent) => void;

/** What brings a subscription's results to its subscriber. */
export type SubscriptionTransport = 'websocket' | 'callback';

/** A subscription that has ended, or was refused. */
export interface SubscriptionEvent {
  readonly transport: SubscriptionTransport;
  /** The id of the request that opened the connection or asked for the subscription. */
  readonly requestId: string;
  /** The root field; undefined when the document was refused before it was known. */
  readonly operation: string | undefined;
  /** The operation's name in the document. */
  readonly operationName: string | undefined;
  /** Undefined when authentication failed. */
  readonly subject: string | undefined;
  /** `OK` when the client ended it; else the code of the error, or why it ended. */
  readonly outcome: string;
  /** Why authentication failed; never sent to the client. */
  readonly reason?: string | undefined;
  /** Events that were delivered. */
  readonly events: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Receives what happens to subscriptions. */
export interface SubscriptionObserver {
  readonly started: (transport: SubscriptionTransport) => void;
  /** @param lagMs from the change to its delivery */
  readonly delivered: (transport: SubscriptionTransport, lagMs: number) => void;
  /** Called for a subscription that had started; it comes after all else about it. */
  readonly ended: (event: SubscriptionEvent, dropped: number) => void;
  /** Called for one that did not start. */
  readonly refused: (event: SubscriptionEvent) => void;
}

/** A finished call on a port. */
export interface CallEvent {
  readonly operation: string;
  /** The code of the failure; undefined when the call succeeded. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

/** Runs a call, observes its duration and result, and returns what it returns: a value at once, or a promise. */
export type Around = <Returned>(operation: string, call: () => Returned) => Returned;
