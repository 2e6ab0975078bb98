import type { ApolloClient } from '@apollo/client';
import type { Session } from '../sign-in/session';
import { operation } from '../graphql/operation';
import type { ConnectionMonitor } from './connection-state';

/** At most one reading of what is on the page in this time, however many changes are announced, in ms. */
const REFRESH_AT_MOST_EVERY_MS = 1_000;
/** How often the page reads again, in ms. Tags and roles change without an announcement, so it does even when live. */
const POLL_MS = { live: 10_000, polling: 5_000, offline: 1_000 } as const;
const POLL_HIDDEN_MS = 60_000;
const LONGEST_OFFLINE_MS = 60_000;
/** After the server ended the subscription, in ms. */
const RESUBSCRIBE_MS = 5_000;

/**
 * Keeps what is on the page current: by a subscription, and by reading again at intervals.
 * @returns stops it
 */
export function startLiveUpdates(
  client: ApolloClient,
  session: Session,
  monitor: ConnectionMonitor,
): () => void {
  const refresher = new Refresher(client, monitor);
  const subscription = keepSubscribed(client, session, () => {
    refresher.soon();
  });
  const again = (): void => {
    refresher.soon();
  };
  const onVisibility = (): void => {
    if (document.visibilityState === 'visible') refresher.soon();
  };
  // A subscription that is back has missed what happened in between; one that broke may be the first sign of it.
  const unsubscribe = monitor.subscribe(again);
  window.addEventListener('online', again);
  document.addEventListener('visibilitychange', onVisibility);
  refresher.plan();
  return () => {
    unsubscribe();
    window.removeEventListener('online', again);
    document.removeEventListener('visibilitychange', onVisibility);
    subscription();
    refresher.stop();
  };
}

/** Subscribes to every visible change of status, again after the server ends the subscription. */
function keepSubscribed(client: ApolloClient, session: Session, onChange: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let end: (() => void) | undefined;
  let stopped = false;
  const start = (): void => {
    if (stopped || session.state() !== 'signed-in') return;
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
  const unsubscribe = session.subscribe(() => {
    end?.();
    clearTimeout(timer);
    start();
  });
  return () => {
    stopped = true;
    unsubscribe();
    clearTimeout(timer);
    end?.();
  };
}

/** Reads again what the page shows. */
class Refresher {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #offlineWaitMs: number = POLL_MS.offline;
  #reading = false;
  #stopped = false;

  constructor(
    private readonly client: ApolloClient,
    private readonly monitor: ConnectionMonitor,
  ) {}

  /** Reads now, or as soon as the last reading is long enough ago. */
  soon(): void {
    this.#schedule(Math.max(0, this.#lastAt + REFRESH_AT_MOST_EVERY_MS - performance.now()));
  }

  /** Reads after the interval of the present state. */
  plan(): void {
    this.#schedule(this.#interval());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#read(), delayMs);
  }

  #interval(): number {
    const state = this.monitor.state();
    if (document.visibilityState === 'hidden') return POLL_HIDDEN_MS;
    if (state !== 'offline') return POLL_MS[state];
    const wait = this.#offlineWaitMs;
    this.#offlineWaitMs = Math.min(2 * wait, LONGEST_OFFLINE_MS);
    return wait;
  }

  async #read(): Promise<void> {
    this.#lastAt = performance.now();
    if (!this.#reading) {
      this.#reading = true;
      // Failures appear where the data is shown, and in the monitor.
      await this.client.refetchQueries({ include: 'active' }).catch(() => undefined);
      this.#reading = false;
      if (this.monitor.state() !== 'offline') this.#offlineWaitMs = POLL_MS.offline;
    }
    this.plan();
  }
}
