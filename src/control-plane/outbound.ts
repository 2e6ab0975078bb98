import type { ConnectionId } from '../proton/identifiers';

/** Other systems that status changes are sent to. */
export type DestinationTransport = 'webhook' | 'eventbridge';

/** A destination, as all processes see it. */
export interface Destination {
  readonly name: string;
  readonly transport: DestinationTransport;
  /** The changes up to this position of the feed wait for delivery, or are delivered or dropped. */
  readonly position: number;
  /** Undefined while events are sent. */
  readonly paused: Pause | undefined;
  /** The tries in a row of a destination that takes nothing; 0 while it takes events. */
  readonly failures: number;
  /** When an event was taken last, in milliseconds since the epoch; it may be a second behind. */
  readonly deliveredAt: number | null;
  /** Events that became too old to be sent. */
  readonly dropped: number;
}

/** Why a destination is paused: an operator wants it, or it has answered 410 Gone. */
export interface Pause {
  readonly reason: 'operator' | 'gone';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The events that wait for a destination, or are being sent. */
export interface Backlog {
  /** At most `BACKLOG_LIMIT`. */
  readonly events: number;
  /** How long the oldest one waits, in milliseconds; 0 when there is none. */
  readonly ageMs: number;
}

export const BACKLOG_LIMIT = 100_000;

/** An event that waits for a destination. */
export interface OutboundEvent {
  readonly connectionId: ConnectionId;
  /** The event's number in its connection's history. */
  readonly version: number;
  /** What is sent, as the code that sends it has written it. */
  readonly message: string;
}

/** An event that this process has claimed. */
export interface ClaimedEvent extends OutboundEvent {
  /** How often it was sent in vain. */
  readonly failures: number;
}

export interface ClaimOptions {
  /** Identifies the claim: its results count only while no other process has claimed the events after it. */
  readonly token: string;
  readonly limit: number;
  /** How long no other process claims the events, in milliseconds. */
  readonly leaseMs: number;
}

export type Claim =
  | {
      readonly kind: 'claimed';
      readonly events: readonly ClaimedEvent[];
      /** Whether this is the one try of a destination that takes nothing. */
      readonly isProbe: boolean;
      /** The tries in a row of such a destination so far. */
      readonly destinationFailures: number;
      /** When the next event is due, in milliseconds from now; 0 for one that is due already. Undefined when none waits. */
      readonly nextInMs: number | undefined;
    }
  /** The destination takes nothing, and may be tried again after this time. */
  | { readonly kind: 'waiting'; readonly forMs: number }
  | { readonly kind: 'paused' };

/** The outcome of one try. */
export interface TryResult {
  readonly connectionId: ConnectionId;
  readonly version: number;
  /** Of the claim. */
  readonly token: string;
  /** Whether it was the one try of a destination that takes nothing. */
  readonly isProbe: boolean;
  /** Undefined when the destination has taken the event. */
  readonly failure: TryFailure | undefined;
}

export interface TryFailure {
  /** When the event is due again, in milliseconds from now. */
  readonly retryInMs: number;
  /** Whether the event is the reason, so that its next pause is longer. */
  readonly counts: boolean;
}

/**
 * The events on their way to other systems: a queue for each destination, which all processes share. Events of one connection leave it
 * in the order of their versions: only its first one can be claimed. Times are those of the store's clock.
 */
export interface OutboundStore {
  /** Adds destinations that are not known, at the feed's head, so that they get what changes from now on. */
  readonly register: (destinations: readonly Pick<Destination, 'name' | 'transport'>[]) => Promise<void>;
  /** All destinations that were ever registered, by name. */
  readonly list: () => Promise<readonly Destination[]>;
  /** What waits for each destination, by its name. */
  readonly backlogs: () => Promise<ReadonlyMap<string, Backlog>>;
  /**
   * Moves a destination on in the feed, and adds the events on the way to its queue.
   * @param dropped how many changes on the way are too old
   * @returns false, and does nothing, when another process has moved it on from this position
   */
  readonly enqueue: (
    name: string,
    from: number,
    to: number,
    events: readonly OutboundEvent[],
    dropped?: number,
  ) => Promise<boolean>;
  /** Adds events again, whether they wait or were delivered; tries in progress don't count. */
  readonly replay: (name: string, events: readonly OutboundEvent[]) => Promise<void>;
  /**
   * Claims events that are due, each the first one of its connection. The one try of a destination that takes nothing is that of an
   * event that has failed least, because the others may be the reason.
   */
  readonly claim: (name: string, options: ClaimOptions) => Promise<Claim>;
  /**
   * Records results, and removes the events that were taken. A destination that waits goes on when it has taken its one try: other
   * events may have been on their way before it asked for a pause.
   */
  readonly settle: (name: string, results: readonly TryResult[]) => Promise<void>;
  /**
   * Lets nothing be sent for a time, because the destination takes nothing.
   * @param isProbe whether it was waiting before; otherwise only the first call of several has an effect
   * @returns whether it had one
   */
  readonly suspend: (name: string, forMs: number, isProbe: boolean) => Promise<boolean>;
  /** Drops the events that have waited for longer than this. @returns how many */
  readonly dropOlder: (name: string, ageMs: number) => Promise<number>;
  /** @returns false when there is no such destination */
  readonly pause: (name: string, reason: Pause['reason']) => Promise<boolean>;
  /** Sends again, at once. @returns false when there is no such destination */
  readonly resume: (name: string) => Promise<boolean>;
}

/** The events that have waited longest, of which the one try of a destination is chosen: sorting all of a long queue takes too long. */
export const PROBE_CANDIDATES = 1_000;

/** Events that are too old are dropped by so many, so that no statement takes long. */
export const DROPPED_AT_ONCE = 1_000;

/** The first event of each connection: its queue's new first one may be an earlier one, but no later one. */
export function firstVersions(events: readonly OutboundEvent[]): ReadonlyMap<ConnectionId, number> {
  const first = new Map<ConnectionId, number>();
  for (const { connectionId, version } of events) {
    first.set(connectionId, Math.min(version, first.get(connectionId) ?? Infinity));
  }
  return first;
}
