import { Counter, Gauge, type Registry } from 'prom-client';

/** The labels of a destination of events. */
export interface DestinationLabels {
  readonly transport: string;
  readonly destination: string;
}

export interface DestinationState extends DestinationLabels {
  readonly isPaused: boolean;
  /** The events that wait, and how long the oldest one does, in milliseconds. */
  readonly events: number;
  readonly ageMs: number;
}

export type EventCount = 'delivered' | 'failed' | 'retried' | 'dropped';

const HELP: Readonly<Record<EventCount, string>> = {
  delivered: 'Events that the destination has taken.',
  failed: 'Tries to deliver an event that failed.',
  retried: 'Tries after a failed one.',
  dropped: 'Events that became too old before they were delivered.',
};

export interface EventMetrics {
  readonly countEvents: (what: EventCount, labels: DestinationLabels, by?: number) => void;
  /** @param states called at a scrape */
  readonly watchDestinations: (
    destinations: readonly DestinationLabels[],
    states: () => Promise<readonly DestinationState[]>,
  ) => void;
}

/** Metrics of the events for other systems. Without a destination there are none. */
export function eventMetrics(registry: Registry, prefix: string): EventMetrics {
  const registers = [registry];
  const labelNames = ['transport', 'destination'];
  const counters = new Map<EventCount, Counter>();

  function gauge(
    name: string,
    help: string,
    states: () => Promise<readonly DestinationState[]>,
    value: (state: DestinationState) => number,
  ): void {
    new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset();
        // Without the store no number is known; the other metrics matter most then.
        for (const state of await states().catch(() => [])) {
          const { transport, destination } = state;
          this.set({ transport, destination }, value(state));
        }
      },
    });
  }

  return {
    countEvents(what, { transport, destination }, by = 1) {
      counters.get(what)?.inc({ transport, destination }, by);
    },
    watchDestinations(destinations, states) {
      for (const [what, help] of Object.entries(HELP) as [EventCount, string][]) {
        const counter = new Counter({ name: `${prefix}events_${what}_total`, help, labelNames, registers });
        // Prometheus sees a counter's first increase only when the series exists before.
        for (const { transport, destination } of destinations) counter.inc({ transport, destination }, 0);
        counters.set(what, counter);
      }
      gauge('events_backlog_rows', 'Events that wait, at most 100000.', states, ({ events }) => events);
      gauge(
        'events_backlog_seconds',
        'Age of the oldest event that waits.',
        states,
        ({ ageMs }) => ageMs / 1000,
      );
      gauge('events_paused', '1 while a destination is paused, else 0.', states, ({ isPaused }) =>
        Number(isPaused),
      );
    },
  };
}
