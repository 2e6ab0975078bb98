import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

import type { Connection } from '../proton/connection';
import { ProtonFailure } from '../proton/failure';
import type {
  ConnectionStatusChange,
  StatusChangeListener,
  StatusChangeSource,
  StatusWatch,
} from '../proton/status-changes';
import { WATCH_MS, type ChangeFeed, type StatusChange } from './change-feed';

/** Changes that are read at a time. */
const PAGE = 64;
/** How long the reader waits for listeners that are busy with a page, in milliseconds. */
const WAIT_MS = 1_000;
/** How long listeners are called before other work of the process gets a turn, in milliseconds. */
const SLICE_MS = 5;

/**
 * The status changes of a store: one reader of its change feed for all listeners, which starts at the newest change with the first
 * listener and ends with the last one. While the store is unavailable, it keeps its position, so that nothing is missed.
 * @param reportFault receives unexpected errors, after which the listeners are ended
 */
export function statusChangesOn(feed: ChangeFeed, reportFault: (error: unknown) => void): StatusChangeSource {
  let reader: FeedReader | undefined;

  return {
    watchStatusChanges(_viewer, listener): StatusWatch {
      if (!reader || reader.isOver) reader = new FeedReader(feed, reportFault);
      const joined = reader;
      // The same listener may be added twice.
      const added = { ...listener };
      joined.add(added);
      return {
        position: () => joined.start(),
        stop() {
          joined.remove(added);
        },
      };
    },
  };
}

class FeedReader {
  /** Whether it has no listeners any more. It is not used again. */
  isOver = false;
  private readonly listeners = new Set<StatusChangeListener>();
  private position: number | undefined;
  private starting: Promise<number> | undefined;
  private readonly unwatch: () => void;
  private retry: NodeJS.Timeout | undefined;
  private isReading = false;
  private isDue = false;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly reportFault: (error: unknown) => void,
  ) {
    this.unwatch = feed.watch(() => void this.look());
  }

  add(listener: StatusChangeListener): void {
    this.listeners.add(listener);
  }

  remove(listener: StatusChangeListener): void {
    this.listeners.delete(listener);
    if (this.listeners.size === 0) this.close();
  }

  /**
   * Resolves once all later changes will be read, with the position of the last one that was. A reader that runs answers at once: the
   * client of a subscription may make a change right after it has subscribed.
   * @throws ProtonFailure `UNAVAILABLE`
   */
  start(): Promise<number> {
    if (this.position !== undefined) return Promise.resolve(this.position);
    this.starting ??= this.feed.head().then(
      (head) => {
        this.position = head;
        // A signal that came before this found nothing to do.
        void this.look();
        return head;
      },
      (failure: unknown) => {
        this.starting = undefined;
        throw failure;
      },
    );
    return this.starting;
  }

  private close(): void {
    this.isOver = true;
    this.unwatch();
    clearTimeout(this.retry);
  }

  private end(failure: ProtonFailure): void {
    const ended = [...this.listeners];
    this.listeners.clear();
    this.close();
    for (const listener of ended) listener.ended(failure);
  }

  private async look(): Promise<void> {
    this.isDue = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.takesTurn()) await this.readOn();
    } catch (error) {
      if (error instanceof ProtonFailure && error.retryable) {
        this.retry = setTimeout(() => void this.look(), WATCH_MS);
        this.retry.unref();
      } else {
        this.reportFault(error);
        this.end(ProtonFailure.unavailable(UNREADABLE, error));
      }
    } finally {
      this.isReading = false;
    }
  }

  private takesTurn(): boolean {
    const isDue = this.isDue && !this.isOver;
    this.isDue = false;
    return isDue;
  }

  /** Reads and delivers until there is nothing more. Before the reader has started, there is nothing to read. */
  private async readOn(): Promise<void> {
    while (this.position !== undefined && !this.isOver) {
      const page = await this.feed.read(this.position, PAGE);
      if (page === 'removed') {
        this.end(ProtonFailure.unavailable(REMOVED, undefined));
        return;
      }
      if (page.position === this.position) return;
      // Listeners must not miss a change, so they end.
      if (page.unreadable.length > 0) throw new Error(`changes can't be read: ${page.unreadable.join(', ')}`);
      this.position = page.position;
      if (page.changes.length > 0) await this.deliver(page.changes.map(shown));
    }
  }

  private async deliver(changes: readonly ConnectionStatusChange[]): Promise<void> {
    const busy: Promise<void>[] = [];
    let sliceStart = performance.now();
    for (const listener of [...this.listeners]) {
      if (!this.listeners.has(listener)) continue;
      const working = listener.changed(changes);
      if (working) busy.push(working);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await nextTurn();
      sliceStart = performance.now();
    }
    if (busy.length === 0) return;
    const waited = new AbortController();
    const limit = delay(WAIT_MS, undefined, { signal: waited.signal, ref: false }).catch(() => undefined);
    await Promise.race([Promise.allSettled(busy), limit]);
    waited.abort();
  }
}

function shown({ position, event, connection }: StatusChange): ConnectionStatusChange<Connection> {
  const { id, status, previousStatus, occurredAt } = event;
  return { position, connection, status, previousStatus, occurredAt, eventId: id };
}

const REMOVED = 'Some changes are not kept any more, so they would be missing. Subscribe again.';
const UNREADABLE = 'The changes could not be read. Subscribe again.';
