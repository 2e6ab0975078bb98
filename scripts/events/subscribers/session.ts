import { setTimeout as delay } from 'node:timers/promises';

/** A change as a subscriber got it. */
export interface SeenChange {
  readonly connectionId: string;
  /** Null for a creation. */
  readonly previousStatus: string | null;
  /** Null for a deletion. */
  readonly status: string | null;
}

/** The time in which a subscriber was connected to one server process without interruption. Times are in milliseconds since the epoch. */
export interface Session {
  /** For messages. */
  readonly subscriber: string;
  /** When the subscriber knew that it was subscribed. */
  readonly acknowledgedAt: number;
  /** When the server was killed, or the session ended for another reason; infinite if it has not. */
  readonly endedAt: number;
  /** In the order in which they arrived. */
  readonly seen: readonly SeenChange[];
}

/** Subscribers that connect again whenever their server was killed. */
export interface Subscribers {
  /** All sessions so far, with those that have not ended. */
  readonly sessions: () => readonly Session[];
  /** What must not be, as an end that is due neither to a kill nor to an overflow. */
  readonly faults: readonly string[];
  /** Subscriptions that a server has ended because their events came faster than they were taken. */
  readonly overflows: () => number;
  /** Ends all. */
  readonly stop: () => Promise<void>;
}

/** The server processes that subscribers connect to. Each process has a URL of its own. */
export interface Servers {
  /** One that serves now; undefined when there is none. @param number of the subscriber, to spread them */
  readonly chooseUrl: (number: number) => string | undefined;
  /** When the process at this URL was killed; undefined if it was not. */
  readonly killedAt: (url: string) => number | undefined;
}

/** How long to wait for a server that serves, in milliseconds. */
export const RETRY_MS = 20;

export const SUBSCRIPTION = `subscription {
  environmentAccountConnectionStatusChanged { connection { id } previousStatus status }
}`;

/** Whether a subscription was ended because its events came faster than they were taken. @param errors of its end */
export function isOverflow(errors: unknown): boolean {
  return JSON.stringify(errors ?? null).includes('"SUBSCRIPTION_OVERFLOW"');
}

/** What a result of `SUBSCRIPTION` shows. @throws Error if it is an error */
export function changeOf(result: unknown): SeenChange {
  const { data, errors } = result as Result;
  const change = data?.environmentAccountConnectionStatusChanged;
  if (!change || errors) throw new Error(`a result without a change: ${JSON.stringify(result)}`);
  const { connection, previousStatus, status } = change;
  return { connectionId: connection.id, previousStatus, status };
}

interface Result {
  readonly data?: {
    readonly environmentAccountConnectionStatusChanged: {
      readonly connection: { readonly id: string };
      readonly previousStatus: string | null;
      readonly status: string | null;
    } | null;
  } | null;
  readonly errors?: unknown;
}

/**
 * Runs subscribers, each with one session after the other on the server that is chosen for it, until they are stopped.
 * @param runSession resolves when the session has ended
 * @returns what resolves when all sessions have ended, once `stopping` is aborted
 */
export async function runSubscribers(
  count: number,
  servers: Servers,
  stopping: AbortSignal,
  runSession: (number: number, url: string) => Promise<void>,
): Promise<void> {
  async function run(number: number): Promise<void> {
    while (!stopping.aborted) {
      const url = servers.chooseUrl(number);
      if (url === undefined || servers.killedAt(url) !== undefined) await delay(RETRY_MS);
      else await runSession(number + 1, url);
    }
  }
  await Promise.all(Array.from({ length: count }, (_, number) => run(number)));
}
