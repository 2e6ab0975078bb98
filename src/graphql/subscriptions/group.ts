import { type ProtonFailure } from '../../proton/failure';
import {
  concerns,
  type ConnectionStatusChange,
  type StatusChangeSource,
  type StatusWatch,
} from '../../proton/status-changes';
import type { Viewer } from '../../proton/viewer';
import type { AcceptedSubscription } from './accept-subscription';
import type { ExecuteEvent } from './execute-event';
import type { Subscriber } from './subscriber';

/** Changes that may wait to be executed, if a source does not wait for the ones before. More end the subscriptions. */
const MAX_WAITING = 1_024;
/** With more, the source is asked to wait, so that a burst of changes ends no subscription whose client is quick. */
const MANY_WAITING = 32;
/** Subscribers that get a result in one turn. */
const BATCH = 16;

export interface GroupOptions {
  readonly subscription: AcceptedSubscription;
  /** Of the first subscriber. The others have the same permissions. */
  readonly viewer: Viewer;
  readonly source: StatusChangeSource;
  readonly execute: ExecuteEvent;
  /** Resolves when the next part of the work may be done. */
  readonly turn: () => Promise<void>;
  /** Called when it has no subscribers any more. */
  readonly emptied: () => void;
}

/**
 * Subscriptions with equal document, variables and permissions, over WebSockets or of one router: an event is executed once for all of
 * them.
 */
export class Group {
  private readonly subscribers = new Set<Subscriber>();
  private joining = 0;
  private failure: ProtonFailure | undefined;
  private readonly watch: StatusWatch;
  private waiting: ConnectionStatusChange[] = [];
  private working: Promise<void> | undefined;
  /** Since when it has had no events, while it has none; of `performance.now()`. */
  private idleSince = performance.now();

  constructor(private readonly options: GroupOptions) {
    this.watch = options.source.watchStatusChanges(options.viewer, {
      changed: (changes) => this.changed(changes),
      ended: (failure) => {
        this.end(failure);
      },
    });
  }

  /**
   * Adds a subscriber, which gets the changes that are committed after this has resolved.
   * @param create called last
   * @throws ProtonFailure `UNAVAILABLE`
   */
  async join(create: () => Subscriber): Promise<Subscriber> {
    this.joining += 1;
    try {
      const after = await this.watch.position();
      if (this.failure) throw this.failure;
      const subscriber = create();
      subscriber.after = after;
      this.subscribers.add(subscriber);
      return subscriber;
    } finally {
      this.joining -= 1;
      this.closeIfEmpty();
    }
  }

  leave(subscriber: Subscriber): void {
    if (this.subscribers.delete(subscriber)) this.closeIfEmpty();
  }

  private closeIfEmpty(): void {
    if (this.subscribers.size > 0 || this.joining > 0) return;
    this.waiting = [];
    this.watch.stop();
    this.options.emptied();
  }

  private changed(changes: readonly ConnectionStatusChange[]): Promise<void> | undefined {
    const { viewer, subscription } = this.options;
    const relevant = changes.filter((change) => concerns(viewer, subscription.selection, change));
    if (relevant.length === 0) return undefined;
    if (this.waiting.length + relevant.length > MAX_WAITING) {
      const missed = this.waiting.length + relevant.length;
      for (const subscriber of [...this.subscribers]) subscriber.overflow(missed);
      return undefined;
    }
    this.waiting.push(...relevant);
    this.working ??= this.work();
    return this.waiting.length > MANY_WAITING ? this.working : undefined;
  }

  private async work(): Promise<void> {
    const idleMs = performance.now() - this.idleSince;
    for (const subscriber of this.subscribers) subscriber.wasIdle(idleMs);
    for (let change = this.waiting.shift(); change; change = this.waiting.shift()) {
      await this.options.turn();
      if (this.subscribers.size === 0) continue;
      await this.executeFor(change);
    }
    this.idleSince = performance.now();
    this.working = undefined;
  }

  private async executeFor(change: ConnectionStatusChange): Promise<void> {
    const { subscription, viewer, execute, turn } = this.options;
    const { position, occurredAt } = change;
    const result = await execute(subscription, viewer, change);
    if (!result) return;
    let count = 0;
    const rooms: Promise<void>[] = [];
    for (const subscriber of [...this.subscribers]) {
      if (position <= subscriber.after) continue;
      if (count > 0 && count % BATCH === 0) await turn();
      count += 1;
      subscriber.push({ result, occurredAt });
      const room = subscriber.room();
      if (room) rooms.push(room);
    }
    // Slows a burst of events down to what subscribers can take, so that it does not overflow their queues, but not for long.
    await Promise.all(rooms);
  }

  private end(failure: ProtonFailure): void {
    this.failure = failure;
    const { message, code } = failure;
    for (const subscriber of [...this.subscribers]) subscriber.fail({ message, extensions: { code } });
    // Those who are joining find the failure; later ones start a new group.
    this.options.emptied();
  }
}
