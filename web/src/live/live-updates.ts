import type { ApolloClient } from '@apollo/client';
import type { Session } from '../sign-in/session';
import { operation } from '../graphql/operation';
import type { ConnectionMonitor } from './connection-state';

/** At most one reading of what is on the page in this time, however many changes are announced, in ms. */
const REFRESH_AT_MOST_EVERY_MS = 1_000;
/** How often the page reads again, in ms. Tags and roles change without an announcement, so it does even when live. */
const POLL_MS = { live: 10_000, polling: 5_000, offline: 1_000 } as const;
const POLL_HIDDEN_MS = 60_000;
const MAX_OFFLINE_MS = 60_000;
/** After the server ended the subscription, in ms. */
const RESUBSCRIBE_MS = 5_000;

/**
 * Keeps what is on the page current: by a subscription, and by reading again at intervals.
 * It runs for as long as the page does.
 */
export function startLiveUpdates(
  client: ApolloClient,
  session: Session,
  monitor: ConnectionMonitor,
): { readonly refresh: () => void } {
  const refresher = new Refresher(client, monitor, session);
  const refresh = (): void => {
    refresher.soon();
  };
  keepSubscribed(client, session, refresh);
  // A subscription that is back has missed what happened in between; one that broke may be the first sign of it.
  monitor.subscribe(refresh);
  session.subscribe(refresh);
  // The browser's network came or went: whether the server responds shows at once.
  window.addEventListener('online', refresh);
  window.addEventListener('offline', refresh);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') refresh();
  });
  refresher.plan();
  return { refresh };
}

/** Subscribes to every visible change of status, again after the server ends the subscription. */
function keepSubscribed(client: ApolloClient, session: Session, onChange: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let end: (() => void) | undefined;
  const start = (): void => {
    if (session.state() !== 'signed-in') return;
    const subscription = client
      .subscribe({ query: operation('StatusChanged') })
      .subscribe({ next: onChange, error: later, complete: later });
    end = () => {
      subscription.unsubscribe();
    };
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(start, RESUBSCRIBE_MS);
  };
  start();
  session.subscribe(() => {
    end?.();
    clearTimeout(timer);
    start();
  });
}

/** Reads again what the page shows. */
class Refresher {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #offlineWaitMs: number = POLL_MS.offline;
  #reading = false;
  /** When something changed last. The result of a reading that began before may be older than that. */
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: ApolloClient,
    private readonly monitor: ConnectionMonitor,
    private readonly session: Session,
  ) {}

  /** Reads now, or as soon as the last reading has ended and is long enough ago. */
  soon(): void {
    this.#changedAt = performance.now();
    if (!this.#reading)
      this.#schedule(Math.max(0, this.#lastAt + REFRESH_AT_MOST_EVERY_MS - performance.now()));
  }

  /** Reads after the interval of the present state. */
  plan(): void {
    this.#schedule(this.#interval());
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), delayMs);
  }

  #interval(): number {
    const state = this.monitor.state();
    if (document.visibilityState === 'hidden') return POLL_HIDDEN_MS;
    if (state !== 'offline') return POLL_MS[state];
    const wait = this.#offlineWaitMs;
    this.#offlineWaitMs = Math.min(2 * wait, MAX_OFFLINE_MS);
    return wait;
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#lastAt = performance.now();
    if (this.session.state() === 'signed-in') {
      this.#reading = true;
      // Failures appear where the data is shown, and in the monitor.
      await this.client.refetchQueries({ include: 'active' }).catch(() => undefined);
      this.#reading = false;
      if (this.monitor.state() !== 'offline') this.#offlineWaitMs = POLL_MS.offline;
    }
    if (this.#changedAt > this.#lastAt) this.soon();
    else this.plan();
  }
}
