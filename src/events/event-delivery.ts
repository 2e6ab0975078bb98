import type { ChangeFeed } from '../control-plane/change-feed';
import type { OutboundStore } from '../control-plane/outbound';
import type { PauseSettings } from './backoff';
import { startDeliverer, type Deliverer } from './deliverer';
import { startMover, type Mover } from './mover';
import type { Transport } from './transport';

/** A destination, and how events are sent to it. */
export interface DestinationSetup {
  readonly name: string;
  readonly transport: Transport;
}

export interface DeliverySettings extends PauseSettings {
  /** Events that this process sends to one destination at a time. */
  readonly inFlight: number;
  /** How long one try may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How long an event belongs to the process that sends it, in milliseconds; longer than a try. */
  readonly leaseMs: number;
  /** How long an event waits before it is dropped, in milliseconds. */
  readonly retentionMs: number;
}

/** Receives what happens. Each has the destination's name. */
export interface DeliveryReport {
  readonly delivered: (name: string) => void;
  readonly retried: (name: string) => void;
  readonly failed: (name: string, failure: FailedTry) => void;
  /** Events have become too old. */
  readonly dropped: (name: string, events: number) => void;
  /** Changes in the feed can't be read, and are left out. @param positions of them in the feed */
  readonly unreadable: (name: string, positions: readonly number[]) => void;
  /** The destination takes nothing, and is tried with one event at a time. */
  readonly suspended: (name: string, reason: string) => void;
  readonly recovered: (name: string) => void;
  /** The destination wants no events any more, and is paused. */
  readonly gone: (name: string) => void;
  /** An unexpected error. Events that it has hit are sent again when their lease has ended. */
  readonly faulted: (name: string, error: unknown) => void;
  /** The store is not available, which is found out again and again until it is. */
  readonly storeFailed: (error: unknown) => void;
}

export interface FailedTry {
  readonly connectionId: string;
  readonly eventId: string;
  readonly reason: string;
  /** How often the event was sent; while its destination takes nothing, how often one was. */
  readonly tries: number;
  readonly retryInMs: number;
}

export interface EventDelivery {
  /** Resolves when new destinations are registered, or the store has failed. */
  readonly start: () => Promise<void>;
  /** Sends nothing new, and resolves when what is being sent has ended. @param timeoutMs after this it is aborted */
  readonly stop: (timeoutMs: number) => Promise<void>;
  /** Queues what has changed until now, for the next start. Resolves when the store is not used any more. */
  readonly close: () => Promise<void>;
}

export interface EventDeliveryOptions {
  readonly destinations: readonly DestinationSetup[];
  readonly feed: ChangeFeed;
  readonly outbound: OutboundStore;
  readonly settings: DeliverySettings;
  readonly report: DeliveryReport;
}

/** How often events that have become too old are looked for, in milliseconds, and how often in the time that they are kept. */
const MAX_SWEEP_MS = 60_000;
const SWEEPS = 10;

/** Sends status changes to other systems: at least once, and in order for each connection. */
export function createEventDelivery(options: EventDeliveryOptions): EventDelivery {
  const { destinations, settings, outbound, report } = options;
  const deliverers = new Map<string, Deliverer>();
  let mover: Mover | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> | undefined;

  /** Also of destinations that are not configured any more. */
  async function dropOld(): Promise<void> {
    for (const { name } of await outbound.list()) {
      const dropped = await outbound.dropOlder(name, settings.retentionMs);
      if (dropped > 0) report.dropped(name, dropped);
    }
  }

  return {
    async start() {
      mover = await startMover({
        ...options,
        retentionMs: settings.retentionMs,
        moved: (name) => deliverers.get(name)?.wake(),
      });
      for (const { name, transport } of destinations) {
        deliverers.set(name, startDeliverer({ name, transport, outbound, settings, report }));
      }
      const sweepMs = Math.min(MAX_SWEEP_MS, Math.ceil(settings.retentionMs / SWEEPS));
      timer = setInterval(() => {
        sweeping ??= dropOld()
          .catch(report.storeFailed)
          .finally(() => {
            sweeping = undefined;
          });
      }, sweepMs);
    },

    async stop(timeoutMs) {
      clearInterval(timer);
      await Promise.all([...deliverers.values()].map(({ stop }) => stop(timeoutMs)));
    },

    async close() {
      await mover?.stop();
      await sweeping;
    },
  };
}
