import type { Connection, ConnectionEvent } from '../proton/connection';

/** A write that changed a connection's status: creation, acceptance, rejection, deletion, or a new connection of an import. */
export interface StatusChange {
  /** Greater than those of all earlier changes. A store never gives a change that appears later a smaller one. */
  readonly position: number;
  /** The event's number in its connection's history, from 1. Other events have numbers too, so a connection's changes have gaps. */
  readonly version: number;
  readonly event: ConnectionEvent;
  /** The connection right after the change; right before it, for a deletion. Its status is the event's, or the last one. */
  readonly connection: Connection;
}

/**
 * The changes of all connections' status, in one order that every process sees. The changes of one connection are in the order in
 * which they were committed. A store keeps them for `FEED_RETENTION_MS`, unless it is opened with another time, or for good.
 *
 * A change is stored with its connection, because a deleted connection can't be read any more. Earlier versions did not store it.
 * Their changes are read with the connection as it now is, and are left out once it is deleted.
 */
export interface ChangeFeed {
  /** The position of the newest change that is committed by now; 0 when there is none yet. */
  readonly head: () => Promise<number>;
  /**
   * The changes after a position, oldest first, at most `limit` (1 or more). `'removed'` when some of them are not kept any more,
   * or when the position is beyond the head, because a database has lost changes.
   * @throws ProtonFailure `UNAVAILABLE` when the store can't be read
   */
  readonly read: (after: number, limit: number) => Promise<FeedPage | 'removed'>;
  /**
   * A position before every change that occurred at this time or later and is still kept.
   * @param at milliseconds since the epoch; `-Infinity` for the oldest change that is kept
   */
  readonly before: (at: number) => Promise<number>;
  /** The changes that are committed and have no position yet. They get one within moments, unless something is wrong. */
  readonly lag: () => Promise<FeedLag>;
  /**
   * Calls the listener, in a turn of its own, when there may be new changes: within moments after this process has written them, and at
   * most `WATCH_MS` after another one has. It may be called when there are none, and once for many.
   * @returns what ends it
   */
  readonly watch: (listener: () => void) => () => void;
}

export interface FeedPage {
  readonly changes: readonly StatusChange[];
  /** The positions of further changes, whose connections can't be read. */
  readonly unreadable: readonly number[];
  /** Where to read on. */
  readonly position: number;
}

export interface FeedLag {
  readonly changes: number;
  /** The age of the oldest one, in milliseconds; 0 when there is none. */
  readonly milliseconds: number;
}

/** How often a feed that is watched looks for changes of other processes, in milliseconds. */
export const WATCH_MS = 250;

/** How long changes can be read from the feed, by default: 7 days. */
export const FEED_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** How far the clocks of replicas may differ, in milliseconds: a change's position may be before those of changes that occurred earlier. */
const CLOCK_DIFFERENCE_MS = 60_000;

/**
 * Finds the position for `ChangeFeed.before` in a few looks.
 * @param oldest the position of the oldest change
 * @param newest that of the newest one
 * @param timeAt when the first change from a position on occurred; undefined when there is none
 */
export async function positionBefore(
  at: number,
  oldest: number,
  newest: number,
  timeAt: (position: number) => number | undefined | Promise<number | undefined>,
): Promise<number> {
  let [low, high] = [oldest, newest + 1];
  while (low < high && at !== -Infinity) {
    const middle = Math.floor((low + high) / 2);
    const time = await timeAt(middle);
    if (time === undefined || time >= at - CLOCK_DIFFERENCE_MS) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}
