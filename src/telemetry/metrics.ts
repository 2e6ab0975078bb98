import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { atMostEvery } from './at-most-every';
import { REQUEST_BUCKETS, STORE_BUCKETS } from './buckets';
import { labelsAmong, LIMIT_CODES, OUTCOMES, REFUSED_AUTHENTICATION } from './outcome-codes';

/** What becomes of a request, as far as it is counted. */
export interface CountedRequest {
  readonly server: 'graphql' | 'endpoint';
  readonly operation: string | undefined;
  readonly outcome: string;
  readonly durationMs: number;
}

/** What became of one call on a port. */
export interface CountedCall {
  readonly operation: string;
  /** The code of what went wrong; undefined where nothing did. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

export interface Metrics {
  /** All of them, in Prometheus' text format. */
  readonly page: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly countRequest: (request: CountedRequest) => void;
  readonly countProtonCall: (call: CountedCall) => void;
  readonly countStoreCall: (call: CountedCall) => void;
  /** Operations that requests ask for and that are counted by their name. Whatever else is asked for counts as `other`. */
  readonly nameOperations: (operations: Iterable<string>) => void;
  /** Operations of the store, whose failures are shown from the beginning. */
  readonly nameStoreOperations: (operations: Iterable<string>) => void;
  /** @param traffic how many requests are worked on, and wait for it; asked whenever somebody looks */
  readonly showTraffic: (traffic: () => { readonly atWork: number; readonly waiting: number }) => void;
  /** @param count how many connections there are of each status; asked whenever somebody looks */
  readonly showConnections: (count: () => Promise<Readonly<Record<string, number>>>) => void;
}

/** What stands for more than one root field, of whose combinations there are many. */
const SEVERAL = 'several';

/** However often somebody looks, connections are counted this seldom. */
const CONNECTIONS_AT_MOST_EVERY_MS = 15_000;

/** Every name begins with this, but for those that each Prometheus client gives to its process. */
const PREFIX = 'proton_subgraph_';

/**
 * The metrics of one server, in a registry of their own. Values of labels are taken from lists that are fixed beforehand, so that
 * no caller can make series.
 * @param now in milliseconds, by a clock that goes forward
 */
export function createMetrics(now = () => performance.now()): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Set([SEVERAL]);
  const operationLabel = labelsAmong(operations);
  const outcomeLabel = labelsAmong(new Set(OUTCOMES));
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: `${PREFIX}requests_total`,
    help: 'Requests that ended, by the server that took them, what they asked for, and what became of them.',
    labelNames: ['server', 'operation', 'outcome'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: `${PREFIX}request_duration_seconds`,
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['server', 'operation'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const limits = new Counter({
    name: `${PREFIX}limits_hit_total`,
    help: 'Requests that were refused because they asked for more than a limit allows.',
    labelNames: ['limit'],
    registers,
  });
  const authenticationFailures = new Counter({
    name: `${PREFIX}authentication_failures_total`,
    help: 'Requests that were refused because they did not prove who sent them.',
    labelNames: ['server', 'reason'],
    registers,
  });
  const protonOperations = new Counter({
    name: `${PREFIX}proton_operations_total`,
    help: 'Calls on the Proton service, by the code of what went wrong, or none.',
    labelNames: ['operation', 'error'],
    registers,
  });
  const protonSeconds = new Histogram({
    name: `${PREFIX}proton_operation_duration_seconds`,
    help: 'Time that a call on the Proton service took.',
    labelNames: ['operation'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const storeSeconds = new Histogram({
    name: `${PREFIX}store_operation_duration_seconds`,
    help: 'Time that a read of the store took, or a write of one or more changes, waiting for its turn with it.',
    labelNames: ['operation'],
    buckets: STORE_BUCKETS,
    registers,
  });
  const storeErrors = new Counter({
    name: `${PREFIX}store_errors_total`,
    help: 'Reads and writes that the store could not carry out.',
    labelNames: ['operation', 'error'],
    registers,
  });
  // A series that is there from the beginning shows its first increase.
  for (const limit of LIMIT_CODES) limits.inc({ limit }, 0);
  for (const reason of REFUSED_AUTHENTICATION) {
    authenticationFailures.inc({ server: reason === 'UNAUTHENTICATED' ? 'graphql' : 'endpoint', reason }, 0);
  }

  return {
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    countRequest({ server, operation: asked, outcome: ended, durationMs }) {
      const operation = asked?.includes(',') ? SEVERAL : operationLabel(asked);
      const outcome = outcomeLabel(ended);
      requests.inc({ server, operation, outcome });
      requestSeconds.observe({ server, operation }, durationMs / 1000);
      if (outcome === 'OK') return;
      if (LIMIT_CODES.has(outcome)) limits.inc({ limit: outcome });
      if (REFUSED_AUTHENTICATION.has(outcome)) authenticationFailures.inc({ server, reason: outcome });
    },
    countProtonCall({ operation, error, durationMs }) {
      protonOperations.inc({ operation, error: error === undefined ? 'none' : outcomeLabel(error) });
      protonSeconds.observe({ operation }, durationMs / 1000);
    },
    countStoreCall({ operation, error, durationMs }) {
      storeSeconds.observe({ operation }, durationMs / 1000);
      if (error !== undefined) storeErrors.inc({ operation, error: outcomeLabel(error) });
    },
    nameOperations(names) {
      for (const name of names) operations.add(name);
    },
    nameStoreOperations(names) {
      for (const operation of names) storeErrors.inc({ operation, error: 'UNAVAILABLE' }, 0);
    },
    showTraffic(traffic) {
      new Gauge({
        name: `${PREFIX}requests_in_flight`,
        help: 'Requests that are worked on.',
        registers,
        collect() {
          this.set(traffic().atWork);
        },
      });
      new Gauge({
        name: `${PREFIX}requests_waiting`,
        help: 'Requests that wait for their turn.',
        registers,
        collect() {
          this.set(traffic().waiting);
        },
      });
    },
    showConnections(count) {
      const counted = atMostEvery(CONNECTIONS_AT_MOST_EVERY_MS, count, now);
      new Gauge({
        name: `${PREFIX}connections`,
        help: 'Environment account connections in the store, by their status.',
        labelNames: ['status'],
        registers,
        async collect() {
          try {
            for (const [status, number] of Object.entries(await counted())) this.set({ status }, number);
          } catch {
            // The other metrics are wanted most when the store is in trouble.
            this.reset();
          }
        },
      });
    },
  };
}
