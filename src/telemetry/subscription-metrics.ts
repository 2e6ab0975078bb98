import { Counter, Gauge, type Registry } from 'prom-client';

import type { SubscriptionObserver, SubscriptionTransport } from './events';
import { FastCounter, FastHistogram } from './series';

const TRANSPORTS: readonly SubscriptionTransport[] = ['websocket', 'callback'];

/** Buckets in seconds: from a change in this process to one that a poll of another system finds late. */
const LAG_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface SubscriptionMetricsOptions {
  readonly registry: Registry;
  readonly prefix: string;
  /** The label value of an outcome. */
  readonly outcomeLabel: (outcome: string) => string;
  /** Counts an outcome among those of all requests: limits and failed authentication. */
  readonly countFailure: (outcome: string) => void;
}

export interface SubscriptionMetrics extends SubscriptionObserver {
  /** @param count open WebSockets; called at each scrape */
  readonly watchSockets: (count: () => number) => void;
}

export function createSubscriptionMetrics({
  registry,
  prefix,
  outcomeLabel,
  countFailure,
}: SubscriptionMetricsOptions): SubscriptionMetrics {
  const registers = [registry];
  const open = new Gauge({
    name: `${prefix}subscriptions_open`,
    help: 'Subscriptions that run.',
    labelNames: ['transport'],
    registers,
  });
  const ended = new FastCounter({
    name: `${prefix}subscriptions_total`,
    help: 'Subscriptions that have ended or were refused, by outcome: OK when the client has completed them.',
    registry,
  });
  const delivered = new FastCounter({
    name: `${prefix}subscription_events_total`,
    help: 'Events that were delivered to subscribers.',
    registry,
  });
  const dropped = new Counter({
    name: `${prefix}subscription_events_dropped_total`,
    help: 'Events that subscriptions have lost, which have then ended.',
    labelNames: ['transport'],
    registers,
  });
  const lag = new FastHistogram({
    name: `${prefix}subscription_lag_seconds`,
    help: 'Time from a change to its delivery, for each subscriber.',
    buckets: LAG_BUCKETS,
    registry,
  });
  // Prometheus sees a counter's first increase only when the series exists before.
  for (const transport of TRANSPORTS) {
    open.set({ transport }, 0);
    dropped.inc({ transport }, 0);
    delivered.increment(transport, () => ({ transport }), 0);
  }

  function countEnd(transport: SubscriptionTransport, code: string): void {
    const outcome = outcomeLabel(code);
    ended.increment(`${transport} ${outcome}`, () => ({ transport, outcome }));
  }

  return {
    started(transport) {
      open.inc({ transport });
    },
    delivered(transport, lagMs) {
      delivered.increment(transport, () => ({ transport }));
      lag.observe(transport, () => ({ transport }), lagMs / 1_000);
    },
    ended({ transport, outcome }, missed) {
      open.dec({ transport });
      countEnd(transport, outcome);
      if (missed > 0) dropped.inc({ transport }, missed);
    },
    refused({ transport, outcome }) {
      countEnd(transport, outcome);
      countFailure(outcome);
    },
    watchSockets(count) {
      new Gauge({
        name: `${prefix}websockets_open`,
        help: 'Open WebSockets.',
        registers,
        collect() {
          this.set(count());
        },
      });
    },
  };
}
