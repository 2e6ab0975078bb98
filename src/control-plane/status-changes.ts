import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

import type { Connection } from '../proton/connection';
import { ProtonFailure } from '../proton/failure';
import type {
  ConnectionStatusChange,
  StatusChangeListener,
  StatusChangeSource,
  StatusWatch,
} from '../proton/status-changes';
import { WATCH_MS, type ChangeFeed, type FeedPage, type StatusChange } from './change-feed';

/** Changes that are read at a time. */
const PAGE = 64;
/** How long the reader waits for listeners that are busy with a page, before it goes on without them, in milliseconds. */
const WAIT_MS = 200;
/** How long it waits for them in all in one burst of changes, in milliseconds: the other listeners wait as long. */
const WAIT_PER_BURST_MS = 1_000;
/** How long listeners are called before other work of the process gets a turn, in milliseconds. */
const SLICE_MS = 5;

/**
 * The status changes of a store: one reader of its change feed for all listeners, which starts at the newest change with the first
 * listener and ends with the last one. While the store is unavailable, it keeps its position, so that nothing is missed.
 * @param reportFault receives unexpected errors, after which the listeners are ended
 */
export function statusChangesOn(feed: ChangeFeed, reportFault: (error: unknown) => void): StatusChangeSource {
  let reader: FeedReader | undefined;

  function watch(listener: StatusChangeListener): StatusWatch {
    if (!reader || reader.isOver) reader = new FeedReader(feed, reportFault);
    const joined = reader;
    const stop = joined.add(listener);
    return { position: () => joined.start(), stop };
  }

  return {
    watchStatusChanges: (_viewer, listener) => watch(listener),
    async prepareWatches() {
      const { position, stop } = watch(IDLE);
      try {
        await position();
        return stop;
      } catch (failure) {
        stop();
        throw failure;
      }
    },
  };
}

/** Keeps the reader running. */
const IDLE: StatusChangeListener = { changed: () => undefined, ended: () => undefined };

/** A listener, and how far it has come. */
interface Follower {
  readonly listener: StatusChangeListener;
  /** Of the last change that it was given; undefined before the reader has started. */
  position: number | undefined;
  /** Whether it is busy with a page, or reads the pages that it has missed meanwhile. */
  isBusy: boolean;
}

/**
 * Reads each page once for all listeners that are ready for it. One that is still busy with an earlier page does not hold up the
 * others: it reads what it has missed by itself, a page at a time, so nothing waits in memory, however far it is behind.
 */
class FeedReader {
  /** Whether it has no listeners any more. It is not used again. */
  isOver = false;
  private readonly followers = new Set<Follower>();
  private position: number | undefined;
  private starting: Promise<number> | undefined;
  private readonly unwatch: () => void;
  private retry: NodeJS.Timeout | undefined;
  private isReading = false;
  private isDue = false;
  /** The last read of a listener that is behind. They read one after the other, to leave the database to requests. */
  private missed: Promise<MissedPage | undefined> = Promise.resolve(undefined);

  constructor(
    private readonly feed: ChangeFeed,
    private readonly reportFault: (error: unknown) => void,
  ) {
    this.unwatch = feed.watch(() => void this.look());
  }

  /** @returns what removes it */
  add(listener: StatusChangeListener): () => void {
    const follower: Follower = { listener, position: this.position, isBusy: false };
    this.followers.add(follower);
    return () => {
      this.remove(follower);
    };
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
        for (const follower of this.followers) follower.position = head;
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

  private remove(follower: Follower): void {
    if (this.followers.delete(follower) && this.followers.size === 0) this.close();
  }

  private close(): void {
    this.isOver = true;
    this.unwatch();
    clearTimeout(this.retry);
  }

  private end(ended: readonly Follower[], failure: ProtonFailure): void {
    for (const follower of ended) this.remove(follower);
    for (const { listener } of ended) listener.ended(failure);
  }

  private async look(): Promise<void> {
    this.isDue = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.takesTurn()) await this.readOn();
    } catch (error) {
      this.failed(error);
    } finally {
      this.isReading = false;
    }
  }

  private failed(error: unknown): void {
    if (error instanceof ProtonFailure && error.retryable) {
      clearTimeout(this.retry);
      if (this.isOver) return;
      this.retry = setTimeout(() => void this.look(), WATCH_MS);
      this.retry.unref();
    } else {
      this.reportFault(error);
      this.end([...this.followers], ProtonFailure.unavailable(UNREADABLE, error));
    }
  }

  private takesTurn(): boolean {
    const isDue = this.isDue && !this.isOver;
    this.isDue = false;
    return isDue;
  }

  /** Reads and delivers until there is nothing more. Before the reader has started, there is nothing to read. */
  private async readOn(): Promise<void> {
    let waitMs = WAIT_PER_BURST_MS;
    while (this.position !== undefined && !this.isOver) {
      const after = this.position;
      const page = await this.readPage(after);
      if (page === 'removed') {
        this.end([...this.followers], ProtonFailure.unavailable(REMOVED, undefined));
        return;
      }
      this.position = page.position;
      if (page.position !== after) waitMs -= await this.deliver(after, page, Math.min(WAIT_MS, waitMs));
      for (const follower of this.followers) if (!follower.isBusy) void this.catchUp(follower);
      if (page.position === after) return;
    }
  }

  /** @throws Error for a change that can't be read: listeners must not miss one, so they end */
  private async readPage(after: number): Promise<FeedPage | 'removed'> {
    const page = await this.feed.read(after, PAGE);
    if (page === 'removed' || page.unreadable.length === 0) return page;
    throw new Error(`changes can't be read: ${page.unreadable.join(', ')}`);
  }

  /**
   * Gives a page to the listeners that have the pages before it, and waits for them.
   * @param waitMs after this, it goes on without them
   * @returns how long it has waited, in milliseconds
   */
  private async deliver(after: number, { changes, position }: FeedPage, waitMs: number): Promise<number> {
    const forListeners = changes.map(shown);
    const busy: Promise<void>[] = [];
    let sliceStart = performance.now();
    for (const follower of [...this.followers]) {
      if (!this.followers.has(follower) || follower.isBusy || follower.position !== after) continue;
      follower.position = position;
      const working = forListeners.length > 0 && follower.listener.changed(forListeners);
      if (working) busy.push(this.whileBusy(follower, working));
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await nextTurn();
      sliceStart = performance.now();
    }
    if (busy.length === 0 || waitMs <= 0) return 0;
    const start = performance.now();
    const waited = new AbortController();
    const limit = delay(waitMs, undefined, { signal: waited.signal, ref: false }).catch(() => undefined);
    await Promise.race([Promise.all(busy), limit]);
    waited.abort();
    return performance.now() - start;
  }

  /** Never rejects. */
  private async whileBusy(follower: Follower, working: Promise<void>): Promise<void> {
    follower.isBusy = true;
    try {
      await working;
    } catch (error) {
      this.failed(error);
    }
    follower.isBusy = false;
    void this.catchUp(follower);
  }

  /** Has a listener read what the others were given while it was busy. Never rejects. */
  private async catchUp(follower: Follower): Promise<void> {
    follower.isBusy = true;
    try {
      while (this.isBehind(follower)) {
        const page = await this.readMissed(follower.position);
        if (page === 'removed') {
          this.end([follower], ProtonFailure.unavailable(REMOVED, undefined));
          return;
        }
        if (!this.followers.has(follower) || page.position === follower.position) return;
        follower.position = page.position;
        if (page.changes.length > 0) await follower.listener.changed(page.changes);
      }
    } catch (error) {
      this.failed(error);
    } finally {
      follower.isBusy = false;
    }
  }

  private isBehind(follower: Follower): follower is Follower & { position: number } {
    const { position } = follower;
    return (
      this.followers.has(follower) &&
      position !== undefined &&
      this.position !== undefined &&
      position < this.position
    );
  }

  /** Several that are equally far behind get the same page, and the same objects. */
  private async readMissed(after: number): Promise<ShownPage | 'removed'> {
    const read = this.missed
      .catch(() => undefined)
      .then(async (last) => {
        if (last?.after === after) return last;
        const page = await this.readPage(after);
        return {
          after,
          page: page === 'removed' ? page : { position: page.position, changes: page.changes.map(shown) },
        };
      });
    this.missed = read;
    return (await read).page;
  }
}

interface ShownPage {
  readonly changes: readonly ConnectionStatusChange[];
  readonly position: number;
}

interface MissedPage {
  readonly after: number;
  readonly page: ShownPage | 'removed';
}

function shown({ position, event, connection }: StatusChange): ConnectionStatusChange<Connection> {
  const { id, status, previousStatus, occurredAt } = event;
  return { position, connection, status, previousStatus, occurredAt, eventId: id };
}

const REMOVED = 'Some changes are not kept any more, so they would be missing. Subscribe again.';
const UNREADABLE = 'The changes could not be read. Subscribe again.';
