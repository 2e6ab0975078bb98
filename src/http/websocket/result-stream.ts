import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

import { SubscriptionRefused } from '../../graphql/subscriptions/accept-subscription';
import type { SubscriptionSink } from '../../graphql/subscriptions/subscriber';

type Step = IteratorResult<FormattedExecutionResult, undefined>;

interface End {
  readonly errors: readonly GraphQLFormattedError[] | undefined;
  /** A result that is sent before. */
  last: FormattedExecutionResult | undefined;
}

/**
 * The results of one subscription as graphql-ws pulls them. It pulls the next one when the one before has been sent, so nothing waits
 * here: the sink's promise is pending until then.
 */
export class ResultStream implements AsyncIterableIterator<FormattedExecutionResult, undefined> {
  readonly sink: SubscriptionSink = {
    next: (result) =>
      new Promise((taken) => {
        this.offered = { result, taken };
        this.hand();
      }),
    ended: (errors) => {
      this.finish(errors);
    },
  };
  private offered: { readonly result: FormattedExecutionResult; readonly taken: () => void } | undefined;
  private pulled:
    { readonly resolve: (step: Step) => void; readonly reject: (error: Error) => void } | undefined;
  private sent: (() => void) | undefined;
  private end: End | undefined;

  /** @param returned called when the client has completed the subscription, or is gone */
  constructor(private readonly returned: () => void) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    this.sent?.();
    this.sent = undefined;
    return new Promise((resolve, reject) => {
      this.pulled = { resolve, reject };
      this.hand();
    });
  }

  return(): Promise<Step> {
    this.finish();
    this.returned();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Ends it; what was not sent yet is not sent. @param errors for the client; left out, the subscription is complete */
  finish(errors?: readonly GraphQLFormattedError[]): void {
    this.end ??= { errors, last: undefined };
    this.hand();
  }

  /** Ends it like a client that is gone, with a last result. What was not sent yet is not sent. */
  endWith(result: FormattedExecutionResult): void {
    this.offered?.taken();
    this.offered = undefined;
    this.end ??= { errors: undefined, last: result };
    this.hand();
    this.returned();
  }

  private hand(): void {
    const { pulled, offered, end } = this;
    if (end) offered?.taken();
    if (end) this.offered = undefined;
    if (!pulled || !(end ?? offered)) return;
    this.pulled = undefined;
    if (end?.last) {
      pulled.resolve({ value: end.last, done: false });
      end.last = undefined;
    } else if (end?.errors) pulled.reject(new SubscriptionRefused(end.errors));
    else if (end) pulled.resolve({ value: undefined, done: true });
    else if (offered) {
      this.offered = undefined;
      this.sent = offered.taken;
      pulled.resolve({ value: offered.result, done: false });
    }
  }
}
