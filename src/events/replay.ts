import type { ChangeFeed } from '../control-plane/change-feed';
import type { Destination, OutboundStore } from '../control-plane/outbound';
import { outboundEventOf } from './envelope';

/** Changes that are queued in one transaction. */
const PAGE = 500;

export interface Replayed {
  readonly events: number;
  /** Changes that were left out because their stored connection can't be read. Those before `since` may be among them. */
  readonly unreadable: number;
  /** When the first of them occurred, in milliseconds since the epoch; undefined when there is none. */
  readonly firstAt: number | undefined;
}

/**
 * Queues again what has occurred since a time, as far as the feed keeps it and the destination had it queued before.
 * @param since milliseconds since the epoch
 * @throws ProtonFailure `UNAVAILABLE`; then some may be queued
 */
export async function replay(
  { feed, outbound }: { readonly feed: ChangeFeed; readonly outbound: OutboundStore },
  { name, position: end }: Pick<Destination, 'name' | 'position'>,
  since: number,
): Promise<Replayed> {
  let position = await feed.before(since);
  let events = 0;
  let unreadable = 0;
  let firstAt: number | undefined;
  while (position < end) {
    const page = await feed.read(position, PAGE);
    if (page === 'removed') {
      position = await feed.before(-Infinity);
      continue;
    }
    if (page.position === position) break;
    position = page.position;
    const changes = page.changes.filter(
      (change) => change.position <= end && change.event.occurredAt >= since,
    );
    await outbound.replay(name, changes.map(outboundEventOf));
    events += changes.length;
    unreadable += page.unreadable.filter((at) => at <= end).length;
    firstAt ??= changes[0]?.event.occurredAt;
  }
  return { events, unreadable, firstAt };
}
