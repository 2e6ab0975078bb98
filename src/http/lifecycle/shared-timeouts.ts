/** A callback that waits for its time. */
export class SharedTimeout {
  /** Neighbours in the circle of timeouts; undefined when it does not wait any more. */
  next: SharedTimeout | undefined;
  previous: SharedTimeout | undefined;

  constructor(
    readonly dueAt: number,
    readonly callback: () => void,
  ) {}

  /** Clearing a timeout that has fired does nothing. */
  clear(): void {
    const { next, previous } = this;
    if (!next || !previous) return;
    previous.next = next;
    next.previous = previous;
    this.next = this.previous = undefined;
  }
}

/**
 * Timeouts of one duration, which share one timer: a timer of Node's for every request costs more than the check that it makes. The
 * timer does not keep the process alive.
 */
export class SharedTimeouts {
  /**
   * In the order in which they are due, because all last equally long. A linked list, because a Set would keep them alive: see
   * `LISTENERS` in `response-end.ts`.
   */
  private readonly head = new SharedTimeout(Infinity, () => undefined);
  private isRunning = false;

  /** @param durationMs how long each timeout lasts, in milliseconds */
  constructor(private readonly durationMs: number) {
    this.head.next = this.head.previous = this.head;
  }

  start(callback: () => void): SharedTimeout {
    const { head } = this;
    const timeout = new SharedTimeout(performance.now() + this.durationMs, callback);
    const last = head.previous ?? head;
    timeout.previous = last;
    timeout.next = head;
    last.next = head.previous = timeout;
    if (!this.isRunning) this.wait(this.durationMs);
    return timeout;
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
      // The head is never due.
      for (let first = this.head.next; first && first.dueAt <= now; first = this.head.next) {
        first.clear();
        first.callback();
      }
    } finally {
      const next = this.head.next;
      this.isRunning = next !== undefined && next !== this.head;
      if (next && this.isRunning) this.wait(Math.max(0, next.dueAt - now));
    }
  }
}
