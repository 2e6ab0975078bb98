import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import type { CallEvent, RequestEvent } from './events';
import { AUTHENTICATION_FAILURES, labelsAmong, LIMIT_CODES, OUTCOMES } from './outcome-codes';
import { FastCounter, FastHistogram } from './series';
import { createSubscriptionMetrics, type SubscriptionMetrics } from './subscription-metrics';

export interface Metrics {
  /** All metrics in Prometheus' text format. */
  readonly page: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly countRequest: (
    request: Pick<RequestEvent, 'server' | 'operation' | 'isCompiled' | 'outcome' | 'durationMs'>,
  ) => void;
  readonly countProtonCall: (call: CallEvent) => void;
  readonly countStoreCall: (call: CallEvent) => void;
  /** Adds values of the `operation` label. Requests for other operations count as `other`. */
  readonly addOperations: (operations: Iterable<string>) => void;
  /** Store operations, whose failure counters start at 0. */
  readonly addStoreOperations: (operations: Iterable<string>) => void;
  readonly subscriptions: SubscriptionMetrics;
  /** @param counts called at each scrape */
  readonly watchAdmission: (counts: () => { readonly inFlight: number; readonly waiting: number }) => void;
  /** @param code the SQLSTATE after which a transaction of the store was repeated; another error has no such code */
  readonly countStoreRetry: (code: string) => void;
  /** @param counts sessions with the database server; called at each scrape */
  readonly watchPool: (
    counts: () => { readonly size: number; readonly idle: number; readonly waiting: number },
  ) => void;
  /** @param lag changes that have no position in the change feed yet; called at each scrape */
  readonly watchFeed: (
    lag: () => Promise<{ readonly changes: number; readonly milliseconds: number }>,
  ) => void;
  /** @param count connections by status; called at a scrape, at most once per 15 s */
  readonly watchConnections: (count: () => Promise<Readonly<Record<string, number>>>) => void;
}

/** The label of a document with several root fields: their combinations would be too many label values. */
const SEVERAL = 'several';

/** Counting connections scans an index, so that scrapes share a count for this long. */
const CONNECTION_COUNT_TTL_MS = 15_000;

/** Scrapes of the feed's lag share a reading for this long. */
const FEED_LAG_TTL_MS = 1_000;

/** What a gauge shows while the store is unavailable. */
const noNumber = () => Number.NaN;

/** Buckets in seconds: from a read of one row to what no client waits for any more. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Buckets in seconds: a read of one row takes some hundredths of a millisecond, and a write may wait seconds for a lock. */
const STORE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The SQLSTATEs after which transactions are repeated most often: their counters start at 0. */
const RETRY_CODES = ['40001', '40P01', '23505'];

/** The prefix of every name, except for the default metrics of the Prometheus client. */
const PREFIX = 'proton_subgraph_';

/**
 * The metrics of one server, in a registry of their own. Label values come from fixed lists, so that clients cannot create series.
 * @param now a monotonic clock, in milliseconds
 */
export function createMetrics(now = () => performance.now()): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Set([SEVERAL]);
  const operationLabel = labelsAmong(operations);
  const outcomeLabel = labelsAmong(new Set(OUTCOMES));
  collectDefaultMetrics({ register: registry });

  const requests = new FastCounter({
    name: `${PREFIX}requests_total`,
    help: 'Finished requests by server, operation and outcome.',
    registry,
  });
  const compiledOperations = new FastCounter({
    name: `${PREFIX}compiled_operations_total`,
    help: 'GraphQL operations that were executed from a prepared document, without Apollo Server.',
    registry,
  });
  const requestSeconds = new FastHistogram({
    name: `${PREFIX}request_duration_seconds`,
    help: 'Time from the header of a request to the end of its response.',
    buckets: REQUEST_BUCKETS,
    registry,
  });
  const limits = new Counter({
    name: `${PREFIX}limits_hit_total`,
    help: 'Requests refused because they exceeded a limit.',
    labelNames: ['limit'],
    registers,
  });
  const authenticationFailures = new Counter({
    name: `${PREFIX}authentication_failures_total`,
    help: 'Requests refused because authentication failed.',
    labelNames: ['server', 'reason'],
    registers,
  });
  const protonOperations = new FastCounter({
    name: `${PREFIX}proton_operations_total`,
    help: 'Calls on the Proton service, by the code of the failure, or none.',
    registry,
  });
  const protonSeconds = new FastHistogram({
    name: `${PREFIX}proton_operation_duration_seconds`,
    help: 'Duration of calls on the Proton service.',
    buckets: REQUEST_BUCKETS,
    registry,
  });
  const storeSeconds = new FastHistogram({
    name: `${PREFIX}store_operation_duration_seconds`,
    help: 'Duration of reads of the store, and of writes of one or more changes with the time they waited.',
    buckets: STORE_BUCKETS,
    registry,
  });
  const storeErrors = new Counter({
    name: `${PREFIX}store_errors_total`,
    help: 'Reads and writes of the store that failed.',
    labelNames: ['operation', 'error'],
    registers,
  });
  const storeRetries = new Counter({
    name: `${PREFIX}store_retries_total`,
    help: 'Transactions that were repeated, by the SQLSTATE of the error: after a conflict with another one, or a lost session.',
    labelNames: ['sqlstate'],
    registers,
  });
  // Prometheus sees a counter's first increase only when the series exists before.
  compiledOperations.increment('', () => ({}), 0);
  for (const limit of LIMIT_CODES) limits.inc({ limit }, 0);
  for (const reason of AUTHENTICATION_FAILURES) {
    authenticationFailures.inc({ server: reason === 'UNAUTHENTICATED' ? 'graphql' : 'endpoint', reason }, 0);
  }

  function countFailure(server: RequestEvent['server'], outcome: string): void {
    if (LIMIT_CODES.has(outcome)) limits.inc({ limit: outcome });
    if (AUTHENTICATION_FAILURES.has(outcome)) authenticationFailures.inc({ server, reason: outcome });
  }

  return {
    subscriptions: createSubscriptionMetrics({
      registry,
      prefix: PREFIX,
      outcomeLabel,
      countFailure(outcome) {
        countFailure('graphql', outcome);
      },
    }),
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    countRequest({ server, operation: requested, isCompiled, outcome: code, durationMs }) {
      const operation = requested?.includes(',') ? SEVERAL : operationLabel(requested);
      const outcome = outcomeLabel(code);
      const seconds = durationMs / 1000;
      requests.increment(`${server} ${operation} ${outcome}`, () => ({ server, operation, outcome }));
      requestSeconds.observe(`${server} ${operation}`, () => ({ server, operation }), seconds);
      if (isCompiled) compiledOperations.increment('', () => ({}));
      if (outcome !== 'OK') countFailure(server, outcome);
    },
    countProtonCall({ operation, error, durationMs }) {
      const code = error === undefined ? 'none' : outcomeLabel(error);
      protonOperations.increment(`${operation} ${code}`, () => ({ operation, error: code }));
      protonSeconds.observe(operation, () => ({ operation }), durationMs / 1000);
    },
    countStoreCall({ operation, error, durationMs }) {
      storeSeconds.observe(operation, () => ({ operation }), durationMs / 1000);
      if (error !== undefined) storeErrors.inc({ operation, error: outcomeLabel(error) });
    },
    addOperations(names) {
      for (const name of names) operations.add(name);
    },
    addStoreOperations(names) {
      for (const operation of names) storeErrors.inc({ operation, error: 'UNAVAILABLE' }, 0);
    },
    countStoreRetry(code) {
      storeRetries.inc({ sqlstate: SQLSTATE.test(code) ? code : 'other' });
    },
    watchPool(counts) {
      for (const code of RETRY_CODES) storeRetries.inc({ sqlstate: code }, 0);
      new Gauge({
        name: `${PREFIX}store_pool_size`,
        help: 'Sessions with the database server.',
        registers,
        collect() {
          this.set(counts().size);
        },
      });
      new Gauge({
        name: `${PREFIX}store_pool_idle`,
        help: 'Sessions with the database server that are not in use.',
        registers,
        collect() {
          this.set(counts().idle);
        },
      });
      new Gauge({
        name: `${PREFIX}store_pool_waiting`,
        help: 'Calls that wait for a session with the database server.',
        registers,
        collect() {
          this.set(counts().waiting);
        },
      });
    },
    watchFeed(lag) {
      // Both gauges are collected at each scrape.
      const shared = cached(FEED_LAG_TTL_MS, lag, now);
      new Gauge({
        name: `${PREFIX}feed_lag_rows`,
        help: 'Changes that have no position in the change feed yet, at most 10000.',
        registers,
        async collect() {
          this.set(await shared().then(({ changes }) => changes, noNumber));
        },
      });
      new Gauge({
        name: `${PREFIX}feed_lag_seconds`,
        help: 'Age of the oldest change that has no position in the change feed yet.',
        registers,
        async collect() {
          this.set(await shared().then(({ milliseconds }) => milliseconds / 1000, noNumber));
        },
      });
    },
    watchAdmission(counts) {
      new Gauge({
        name: `${PREFIX}requests_in_flight`,
        help: 'Requests that execute.',
        registers,
        collect() {
          this.set(counts().inFlight);
        },
      });
      new Gauge({
        name: `${PREFIX}requests_waiting`,
        help: 'Requests that wait to execute.',
        registers,
        collect() {
          this.set(counts().waiting);
        },
      });
    },
    watchConnections(count) {
      const counted = cached(CONNECTION_COUNT_TTL_MS, count, now);
      new Gauge({
        name: `${PREFIX}connections`,
        help: 'Environment account connections in the store, by status.',
        labelNames: ['status'],
        registers,
        async collect() {
          try {
            for (const [status, number] of Object.entries(await counted())) this.set({ status }, number);
          } catch {
            // The other metrics matter most while the store is unavailable.
            this.reset();
          }
        },
      });
    },
  };
}

/** Shares the result of a call for a time. A failure is not shared. */
function cached<Result>(
  ttlMs: number,
  call: () => Promise<Result>,
  now: () => number,
): () => Promise<Result> {
  let latest: { readonly at: number; readonly result: Promise<Result> } | undefined;
  return () => {
    if (latest && now() - latest.at < ttlMs) return latest.result;
    const started = { at: now(), result: call() };
    latest = started;
    started.result.catch(() => {
      if (latest === started) latest = undefined;
    });
    return started.result;
  };
}
