import type { ChangeFeed, FeedPage } from '../control-plane/change-feed';
import type { OutboundStore } from '../control-plane/outbound';
import { Alarm } from './alarm';
import { outboundEventOf } from './envelope';
import type { DeliveryReport, DestinationSetup } from './event-delivery';

/** Changes that are read at a time. */
const PAGE = 500;
/** How long to wait after the store has failed, in milliseconds. */
const PAUSE_MS = 1_000;

export interface Mover {
  /** Moves what was written last, at most one page, and then no more. */
  readonly stop: () => Promise<void>;
}

export interface MoverOptions {
  readonly destinations: readonly DestinationSetup[];
  readonly feed: ChangeFeed;
  readonly outbound: OutboundStore;
  /** Older changes are dropped, in milliseconds. */
  readonly retentionMs: number;
  readonly report: DeliveryReport;
  /** Called when the queue of a destination may have grown. */
  readonly moved: (name: string) => void;
}

/**
 * Moves changes from the feed into the queues of the destinations. Every process does it; the store lets one of them move each change.
 * Resolves when the destinations are registered, so that they get what changes from then on, or when the store has failed: then that
 * is tried again.
 */
export async function startMover({ feed, ...options }: MoverOptions): Promise<Mover> {
  const { report } = options;
  const positions = new Positions({ feed, ...options });
  const alarm = new Alarm();
  let isStopping = false;

  async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      report.storeFailed(error);
      return false;
    }
  }

  async function run(): Promise<void> {
    for (;;) {
      // At a stop too, for what was written last.
      const isLast = isStopping;
      const works = await succeeds(() => positions.moveAll(() => isStopping));
      if (isLast) return;
      await alarm.sleep(works ? MAX_SLEEP_MS : PAUSE_MS);
    }
  }

  const stopWatching = feed.watch(alarm.wake);
  await succeeds(() => positions.register());
  const running = run();
  return {
    stop() {
      isStopping = true;
      stopWatching();
      alarm.wake();
      return running;
    },
  };
}

/** The feed wakes the mover earlier. */
const MAX_SLEEP_MS = 60_000;

/** How far the feed was read for each destination. */
class Positions {
  /** Undefined until they are read. Another process may have moved a destination on since. */
  private known: Map<string, number> | undefined;
  private isRegistered = false;

  constructor(private readonly options: MoverOptions) {}

  /**
   * @param isStopping whether to move one page only
   * @throws ProtonFailure `UNAVAILABLE`
   */
  async moveAll(isStopping: () => boolean): Promise<void> {
    const { destinations } = this.options;
    // Destinations at the same position share what is read.
    const pages = new Map<number, Promise<FeedPage | 'removed'>>();
    for (const { name } of destinations) {
      while ((await this.moveOn(name, pages)) && !isStopping());
    }
  }

  /** @returns whether there may be more */
  private async moveOn(name: string, pages: Map<number, Promise<FeedPage | 'removed'>>): Promise<boolean> {
    const { feed, outbound, report, moved } = this.options;
    const known = (this.known ??= await this.read());
    const position = known.get(name);
    if (position === undefined) return false;
    const reading = pages.get(position) ?? feed.read(position, PAGE);
    pages.set(position, reading);
    const page = await reading;
    const next = page === 'removed' ? await feed.before(-Infinity) : page.position;
    if (next <= position) return false;
    const { events, tooOld, unreadable } = this.sorted(page);
    // Positions of a feed that removes changes have no gaps.
    const lost = page === 'removed' ? next - position : tooOld;
    if (await outbound.enqueue(name, position, next, events, lost + unreadable.length)) {
      known.set(name, next);
      if (lost > 0) report.dropped(name, lost);
      if (unreadable.length > 0) report.unreadable(name, unreadable);
    } else {
      this.known = undefined;
    }
    moved(name);
    return true;
  }

  /** The events of changes that are young enough, how many are not, and the positions of those that can't be read. */
  private sorted(page: FeedPage | 'removed') {
    const changes = page === 'removed' ? [] : page.changes;
    const oldest = Date.now() - this.options.retentionMs;
    const events = changes.filter(({ event }) => event.occurredAt >= oldest).map(outboundEventOf);
    const unreadable = page === 'removed' ? [] : page.unreadable;
    return { events, tooOld: changes.length - events.length, unreadable };
  }

  /** @throws ProtonFailure `UNAVAILABLE` */
  async register(): Promise<void> {
    const { destinations, outbound } = this.options;
    if (this.isRegistered) return;
    await outbound.register(destinations.map(({ name, transport: { kind } }) => ({ name, transport: kind })));
    this.isRegistered = true;
  }

  private async read(): Promise<Map<string, number>> {
    await this.register();
    return new Map((await this.options.outbound.list()).map(({ name, position }) => [name, position]));
  }
}
