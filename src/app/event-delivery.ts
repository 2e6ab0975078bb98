import type { EventsConfig } from '../config/events';
import { EVENTBRIDGE_NAME } from '../config/webhooks';
import type { OutboundStore } from '../control-plane/outbound';
import type { Store } from '../control-plane/store';
import {
  createEventDelivery,
  type DeliveryReport,
  type DestinationSetup,
  type EventDelivery,
} from '../events/event-delivery';
import { webhookTransport } from '../events/webhook';
import type { DestinationLabels, DestinationState } from '../telemetry/event-metrics';
import type { BackEndDependencies } from './back-end';

/** The same failure of the store is logged once in this time, in milliseconds. */
const STORE_LOG_MS = 60_000;

/**
 * Creates what sends status changes to the destinations of the configuration.
 * @returns undefined when there is none
 */
export async function eventDelivery(
  { webhooks, eventBridge, ...settings }: EventsConfig,
  { feed, outbound }: Pick<Store, 'feed' | 'outbound'>,
  { telemetry: { metrics }, logger }: Pick<BackEndDependencies, 'telemetry' | 'logger'>,
): Promise<EventDelivery | undefined> {
  const destinations: DestinationSetup[] = webhooks.map(({ name, url, secrets }) => ({
    name,
    transport: webhookTransport({ url, secrets, maxConnections: settings.inFlight }),
  }));
  if (eventBridge) {
    // Loaded only when it is used, because the AWS SDK loads slowly.
    const { eventBridgeTransport } = await import('../events/eventbridge.ts');
    destinations.push({ name: EVENTBRIDGE_NAME, transport: await eventBridgeTransport(eventBridge) });
  }
  if (destinations.length === 0) return undefined;
  const labels = destinations.map(({ name, transport }) => ({
    transport: transport.kind,
    destination: name,
  }));
  metrics.watchDestinations(labels, () => statesOf(outbound));
  const delivery = createEventDelivery({
    destinations,
    feed,
    outbound,
    settings,
    report: reportTo({ metrics, logger }, labels),
  });
  return {
    ...delivery,
    async start() {
      await delivery.start();
      await warnOfPauses(outbound, labels, logger);
    },
  };
}

type Reporting = Pick<BackEndDependencies, 'logger'> & Pick<BackEndDependencies['telemetry'], 'metrics'>;

function reportTo({ metrics, logger }: Reporting, all: readonly DestinationLabels[]): DeliveryReport {
  let storeLoggedAt = -Infinity;
  const labelsOf = (destination: string): DestinationLabels =>
    all.find((labels) => labels.destination === destination) ?? { transport: 'none', destination };
  return {
    delivered(name) {
      metrics.countEvents('delivered', labelsOf(name));
    },
    retried(name) {
      metrics.countEvents('retried', labelsOf(name));
    },
    failed(name, failure) {
      metrics.countEvents('failed', labelsOf(name));
      const retryInMs = Math.round(failure.retryInMs);
      logger.warn({ destination: name, ...failure, retryInMs }, 'an event was not delivered');
    },
    dropped(name, events) {
      metrics.countEvents('dropped', labelsOf(name), events);
      logger.error({ destination: name, events }, 'dropped events that are older than EVENTS_RETENTION_MS');
    },
    unreadable(name, positions) {
      metrics.countEvents('dropped', labelsOf(name), positions.length);
      logger.error({ destination: name, positions }, 'dropped changes that can not be read from the feed');
    },
    suspended(name, reason) {
      logger.error(
        { destination: name, reason },
        'a destination takes no events; it is tried with one at a time until it does',
      );
    },
    recovered(name) {
      logger.info({ destination: name }, 'a destination takes events again');
    },
    gone(name) {
      logger.error(
        { destination: name },
        'a destination has answered 410 Gone and is paused; `proton-subgraph events resume` sends again',
      );
    },
    faulted(name, error) {
      logger.error({ destination: name, err: error }, 'an event was not sent because of an unexpected error');
    },
    storeFailed(error) {
      if (performance.now() - storeLoggedAt < STORE_LOG_MS) return;
      storeLoggedAt = performance.now();
      logger.error({ err: error }, 'events wait, because the store fails');
    },
  };
}

async function statesOf(outbound: OutboundStore): Promise<readonly DestinationState[]> {
  const [destinations, backlogs] = await Promise.all([outbound.list(), outbound.backlogs()]);
  return destinations.map(({ name, transport, paused }) => {
    const { events, ageMs } = backlogs.get(name) ?? { events: 0, ageMs: 0 };
    return { transport, destination: name, isPaused: paused !== undefined, events, ageMs };
  });
}

/** A pause outlasts restarts, and may be forgotten. */
async function warnOfPauses(
  outbound: OutboundStore,
  all: readonly DestinationLabels[],
  logger: BackEndDependencies['logger'],
): Promise<void> {
  const destinations = await outbound.list().catch(() => []);
  for (const { name, paused } of destinations) {
    if (!paused || !all.some(({ destination }) => destination === name)) continue;
    logger.warn(
      { destination: name, reason: paused.reason, since: new Date(paused.at).toISOString() },
      'a destination is paused; `proton-subgraph events resume` sends again',
    );
  }
}
