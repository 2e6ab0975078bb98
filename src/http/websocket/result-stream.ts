import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

import { SubscriptionRefused } from '../../graphql/subscriptions/accept-subscription';
import type { SubscriptionSink } from '../../graphql/subscriptions/subscriber';

type Step = IteratorResult<FormattedExecutionResult, undefined>;

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
  private end: { readonly errors: readonly GraphQLFormattedError[] | undefined } | undefined;

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
    this.end ??= { errors };
    this.hand();
  }

  private hand(): void {
    const { pulled, offered, end } = this;
    if (end) offered?.taken();
    if (end) this.offered = undefined;
    if (!pulled || !(end ?? offered)) return;
    this.pulled = undefined;
    if (end?.errors) pulled.reject(new SubscriptionRefused(end.errors));
    else if (end) pulled.resolve({ value: undefined, done: true });
    else if (offered) {
      this.offered = undefined;
      this.sent = offered.taken;
      pulled.resolve({ value: offered.result, done: false });
    }
  }
}
