import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

import type { Viewer } from '../../proton/viewer';
import type { SubscriptionObserver, SubscriptionTransport } from '../../telemetry/events';
import type { AcceptedSubscription } from './accept-subscription';

/** Where the results of a subscription go. */
export interface SubscriptionSink {
  /** Takes the next result. While its promise is pending, later results wait. If it rejects, the client is gone. */
  readonly next: (result: FormattedExecutionResult) => void | Promise<void>;
  /** Called once, last, when the subscription is ended by this side. @param errors at least one */
  readonly ended: (errors: readonly GraphQLFormattedError[]) => void;
}

export interface SubscriberInfo {
  readonly viewer: Viewer;
  readonly transport: SubscriptionTransport;
  /** The origin of the router that takes the results; undefined for a WebSocket. */
  readonly routerOrigin?: string | undefined;
  /** The id of the request that opened the connection or asked for the subscription. */
  readonly requestId: string;
}

/** Why a transport ends a subscription: `OK` when the client has completed it. */
export type EndOutcome = 'OK' | 'CLIENT_GONE' | 'UNAUTHENTICATED' | 'SERVER_STOPPING';

export interface SubscriberOptions extends SubscriberInfo {
  readonly subscription: AcceptedSubscription;
  readonly sink: SubscriptionSink;
  readonly observe: SubscriptionObserver;
  /** Results that may wait. */
  readonly maxWaiting: number;
  /** Called once, when it has ended. */
  readonly left: (subscriber: Subscriber) => void;
}

/** How long a group waits at a time for a subscriber that takes nothing, in milliseconds. */
const WAIT_MS = 1_000;
/**
 * How long a group waits in all for a subscriber in one burst of events, in milliseconds. The others in the group wait as long: other
 * clients, or subscriptions of the same router. What was used comes back while the group has no events, not when the client has taken
 * all: one that stops and goes on again and again would hold up the others all the time.
 */
const WAIT_PER_BURST_MS: Readonly<Record<SubscriptionTransport, number>> = {
  websocket: 1_000,
  callback: 5_000,
};

interface Delivery {
  readonly result: FormattedExecutionResult;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
}

/** One subscription: the results that wait for their client, and what is reported about it at the end. */
export class Subscriber {
  /** Changes up to this position were committed before it started. */
  after = Infinity;
  private waiting: Delivery[] | undefined;
  private isBusy = false;
  /** How long its group may still wait for it, in milliseconds. */
  private waitMs: number;
  /** Ends the wait for `room`. */
  private endWait: (() => void) | undefined;
  private isOver = false;
  private events = 0;
  private readonly startedAt = Date.now();

  constructor(private readonly options: SubscriberOptions) {
    this.waitMs = WAIT_PER_BURST_MS[options.transport];
    options.observe.started(options.transport);
  }

  /** Delivers a result, after those that wait. Ends the subscription when too many do. */
  push(delivery: Delivery): void {
    if (this.isOver) return;
    if (!this.isBusy) {
      this.deliver(delivery);
      return;
    }
    this.waiting ??= [];
    if (this.waiting.length >= this.options.maxWaiting) this.overflow(1);
    else this.waiting.push(delivery);
  }

  /**
   * Resolves when at most half of the places for results are taken, or it has ended, or the group has waited for it long enough: a
   * subscriber must not hold up the others for long. Undefined when that is so already. Must not be called again before.
   */
  room(): Promise<void> | undefined {
    if (this.isOver || !this.isCrowded() || this.waitMs <= 0) return undefined;
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.endWait?.(), Math.min(WAIT_MS, this.waitMs));
      limit.unref();
      this.endWait = () => {
        this.endWait = undefined;
        clearTimeout(limit);
        // A wait that ends without room is the last one in a burst.
        this.waitMs = this.isCrowded() ? 0 : Math.max(0, this.waitMs - (performance.now() - startedAt));
        resolve();
      };
    });
  }

  /** Gives back the time, in milliseconds, in which its group had no events, unless the client has not caught up even then. */
  wasIdle(ms: number): void {
    if (this.isCrowded()) return;
    this.waitMs = Math.min(WAIT_PER_BURST_MS[this.options.transport], this.waitMs + ms);
  }

  private isCrowded(): boolean {
    return 2 * (this.waiting?.length ?? 0) > this.options.maxWaiting;
  }

  /** Ends it because its results come faster than they can be delivered. @param missed results that have no place any more */
  overflow(missed: number): void {
    this.fail({ message: OVERFLOW, extensions: { code: 'SUBSCRIPTION_OVERFLOW' } }, missed);
  }

  /** Ends it with an error. */
  fail(error: GraphQLFormattedError & { readonly extensions: { readonly code: string } }, missed = 0): void {
    if (!this.close(error.extensions.code, missed)) return;
    this.options.sink.ended([error]);
  }

  /** Ends it for its transport, whose sink is not called any more. */
  stop(outcome: EndOutcome): void {
    this.close(outcome, 0);
  }

  private deliver(delivery: Delivery): void {
    const { sink } = this.options;
    let taken: void | Promise<void>;
    try {
      taken = sink.next(delivery.result);
    } catch {
      this.stop('CLIENT_GONE');
      return;
    }
    if (!taken) {
      this.delivered(delivery);
      return;
    }
    this.isBusy = true;
    taken.then(
      () => {
        this.isBusy = false;
        // A sink that has ended drops what it was given.
        if (this.isOver) return;
        this.delivered(delivery);
        const next = this.waiting?.shift();
        if (next) this.deliver(next);
        if (!this.isCrowded()) this.endWait?.();
      },
      () => {
        this.stop('CLIENT_GONE');
      },
    );
  }

  private delivered({ occurredAt }: Delivery): void {
    this.events += 1;
    this.options.observe.delivered(this.options.transport, Math.max(0, Date.now() - occurredAt));
  }

  /** @returns false if it had ended before */
  private close(outcome: string, missed: number): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    const { subscription, viewer, transport, requestId, observe, left } = this.options;
    const dropped = (this.waiting?.length ?? 0) + missed;
    this.waiting = undefined;
    this.endWait?.();
    left(this);
    const { startedAt, events } = this;
    const { label: operation, name: operationName } = subscription;
    const durationMs = Date.now() - startedAt;
    observe.ended(
      {
        transport,
        requestId,
        operation,
        operationName,
        subject: viewer.subject,
        outcome,
        events,
        startedAt,
        durationMs,
      },
      dropped,
    );
    return true;
  }
}

const OVERFLOW =
  'The events come faster than they are received. Subscribe again, and read the connections once, to see what was missed.';
