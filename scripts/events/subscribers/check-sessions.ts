import type { StatusChange } from '../../../src/control-plane/change-feed';
import type { SeenChange, Session } from './session';

export interface SessionReport {
  /** Changes that the sessions had to show, counted for each session. */
  readonly required: number;
  /** Changes that they did show. */
  readonly seen: number;
  readonly faults: readonly string[];
}

/** What is known about the changes. */
export interface KnownChanges {
  /** All of them, as the feed has them. */
  readonly feed: readonly StatusChange[];
  /** When a change was acknowledged, in milliseconds since the epoch; undefined if it was not, or has not been asked for. */
  readonly acknowledgedAt: (connectionId: string, status: string) => number | undefined;
}

/**
 * A change is committed after its time. If that is later than the acknowledgement of a subscription by this much, the change was
 * committed later too, although clocks have milliseconds and the times of one connection's changes are kept apart.
 */
const START_MS = 50;
/** What was acknowledged this much before a session's end must have arrived, although all of the load and its servers share a machine. */
const ARRIVAL_MS = 15_000;

/** Missed changes that a message names. */
const SHOWN = 3;

/**
 * Compares what subscribers saw with the feed. In each session:
 * - Every change is one of the feed, and none comes twice.
 * - The changes of a connection come in the feed's order.
 * - A change that occurred after the subscription was acknowledged must come if a later one came, because a server sends them in the
 *   feed's order; or if it was acknowledged `ARRIVAL_MS` before the end. So only the last changes before a kill may be missing.
 * - A change that was on its way when the subscription started may come.
 */
export function checkSessions(sessions: readonly Session[], known: KnownChanges): SessionReport {
  const order = new Map(known.feed.map((change, index) => [keyOfChange(change), index]));
  const faults: string[] = [];
  let required = 0;
  for (const { subscriber, acknowledgedAt, endedAt, seen } of sessions) {
    const indexes = new Set<number>();
    const newest = new Map<string, number>();
    for (const change of seen) {
      const key = keyOf(change);
      const index = order.get(key);
      if (index === undefined || known.feed[index]?.event.previousStatus !== change.previousStatus) {
        faults.push(`${subscriber} saw what never was: ${JSON.stringify(change)}`);
        continue;
      }
      if (indexes.has(index)) faults.push(`${subscriber} saw ${key} twice`);
      else if (index < (newest.get(change.connectionId) ?? -1))
        faults.push(`${subscriber} saw ${key} out of order`);
      indexes.add(index);
      newest.set(change.connectionId, Math.max(index, newest.get(change.connectionId) ?? -1));
    }
    const last = Math.max(-1, ...newest.values());
    const missed: string[] = [];
    const late: string[] = [];
    known.feed.forEach((change, index) => {
      if (change.event.occurredAt <= acknowledgedAt + START_MS) return;
      const { connectionId, status } = change.event;
      const acknowledged = known.acknowledgedAt(connectionId, status ?? DELETED) ?? Infinity;
      if (index > last && acknowledged > endedAt - ARRIVAL_MS) return;
      required += 1;
      if (!indexes.has(index)) (index < last ? missed : late).push(keyOfChange(change));
    });
    const about = `${subscriber}, subscribed at ${new Date(acknowledgedAt).toISOString()}, saw ${String(seen.length)}`;
    if (missed.length > 0) faults.push(`${about} and missed ${listOf(missed)}`);
    if (late.length > 0) faults.push(`${about} and had not yet seen ${listOf(late)}`);
  }
  const count = sessions.reduce((sum, session) => sum + session.seen.length, 0);
  return { required, seen: count, faults };
}

/** Stands for the status of a deletion. */
export const DELETED = 'DELETED';

function listOf(changes: readonly string[]): string {
  const more = changes.length > SHOWN ? `, and ${String(changes.length - SHOWN)} more` : '';
  return `${changes.slice(0, SHOWN).join(', ')}${more}`;
}

function keyOfChange({ event }: StatusChange): string {
  return keyOf(event);
}

/** The clients bring no connection into a status twice. */
function keyOf({ connectionId, status }: Pick<SeenChange, 'connectionId' | 'status'>): string {
  return `${connectionId} ${status ?? DELETED}`;
}
