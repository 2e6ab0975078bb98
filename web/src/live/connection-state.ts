/** How the page learns of changes. */
export type ConnectionState = 'live' | 'polling' | 'offline';

/** Whether the server responds and whether it announces changes, as a store for `useSyncExternalStore`. */
export class ConnectionMonitor {
  #reachable = true;
  #subscribed = false;
  readonly #listeners = new Set<() => void>();

  readonly state = (): ConnectionState => {
    if (!this.#reachable) return 'offline';
    return this.#subscribed ? 'live' : 'polling';
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** @param reachable whether the last request got a response */
  reached(reachable: boolean): void {
    this.#change(() => {
      this.#reachable = reachable;
    });
  }

  /** @param subscribed whether changes are announced over a WebSocket */
  announced(subscribed: boolean): void {
    this.#change(() => {
      this.#subscribed = subscribed;
      if (subscribed) this.#reachable = true;
    });
  }

  #change(change: () => void): void {
    const before = this.state();
    change();
    if (this.state() !== before) for (const listener of this.#listeners) listener();
  }
}
