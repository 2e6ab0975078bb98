/** A callback that waits for its time. */
export interface SharedTimeout {
  readonly dueAt: number;
  readonly callback: () => void;
}

/**
 * Timeouts of one duration, which share one timer: a timer of Node's for every request costs more than the check that it makes. The
 * timer does not keep the process alive.
 */
export class SharedTimeouts {
  /** In the order in which they are due, because all last equally long. */
  private readonly waiting = new Set<SharedTimeout>();
  private isRunning = false;

  /** @param durationMs how long each timeout lasts, in milliseconds */
  constructor(private readonly durationMs: number) {}

  start(callback: () => void): SharedTimeout {
    const timeout = { dueAt: performance.now() + this.durationMs, callback };
    this.waiting.add(timeout);
    if (!this.isRunning) this.wait(this.durationMs);
    return timeout;
  }

  /** Clearing a timeout that has fired, or undefined, does nothing. */
  clear(timeout: SharedTimeout | undefined): void {
    if (timeout) this.waiting.delete(timeout);
  }

  private wait(ms: number): void {
    this.isRunning = true;
    setTimeout(() => {
      this.fire();
    }, Math.ceil(ms)).unref();
  }

  private fire(): void {
    const now = performance.now();
    try {
      for (const timeout of this.waiting) {
        if (timeout.dueAt > now) break;
        this.waiting.delete(timeout);
        timeout.callback();
      }
    } finally {
      const [next] = this.waiting;
      this.isRunning = next !== undefined;
      if (next) this.wait(Math.max(0, next.dueAt - now));
    }
  }
}
