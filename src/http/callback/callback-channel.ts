import { setTimeout as wait } from 'node:timers/promises';

import type { CallbackClient, CallbackConnection } from './callback-client';

/** Where and how a router wants the events of one subscription. */
export interface CallbackTarget {
  readonly url: URL;
  /** The router's id of the subscription. */
  readonly id: string;
  /** Proves to the router that a message comes from here. */
  readonly verifier: string;
  /** The time between two messages after which the router gives up, in milliseconds; 0 if it waits forever. */
  readonly heartbeatIntervalMs: number;
}

/** How messages are repeated that the router does not take. */
export interface RetryTimes {
  /** The pauses between the attempts, in milliseconds. */
  readonly pausesMs: readonly number[];
}

/** With 5 s for each attempt, a router that hangs is given up after 33 s. */
export const DEFAULT_RETRIES: RetryTimes = { pausesMs: [100, 200, 400, 800, 1_600] };

/**
 * Messages that may be under way at a time: a router that takes 20 ms for each, as one in another Region does, takes 400 a second.
 */
const MAX_UNDER_WAY = 8;
/** Messages follow each other without waiting when the router took one this short ago, in milliseconds: so the connection works. */
const PROVEN_MS = 1_000;

/** The most that a message may take with all its attempts and the waits for those before, in milliseconds. */
const GIVE_UP_MS = 40_000;
/** The same for the check at the start, for whose result the router waits. */
const CHECK_MS = 7_000;

/** Bounds of the router's interval: a short one would flood it, and with a long one a router that is gone would not be noticed. */
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 60_000;

/** Why a router gets no more messages. */
export type ChannelEnd =
  /** It does not know the subscription any more: its client left, or it was restarted. */
  | 'router_left'
  /** It refused a message. */
  | 'router_refused'
  /** It did not take a message in any attempt. */
  | 'router_unreachable'
  /** It did not take a message, and may have taken later ones, so that a repetition would change the order. Only `complete` may follow. */
  | 'order_lost';

type Message =
  | { readonly action: 'check' }
  | { readonly action: 'next'; readonly payload: unknown }
  | { readonly action: 'complete'; readonly errors?: readonly unknown[] };

/** What a router did with a message: it took it, or the message failed and may be repeated, or the router wants no more. */
type Outcome = 'taken' | 'failed' | 'router_left' | 'router_refused';

interface Queued {
  readonly message: Message;
  /** Called when the router has taken it, or it was given up. */
  readonly done: () => void;
  /** It must not be repeated any more. */
  isDropped: boolean;
}

interface Attempt {
  readonly outcome: Outcome;
  /** For the log. */
  readonly description: string;
}

/**
 * The messages of one subscription to its router, by Apollo's HTTP callback protocol, version 1.0. They are sent in order over one connection.
 * As long as the router takes them, the next ones don't wait for its responses; after a failure they do.
 */
export class CallbackChannel {
  private readonly stopped = new AbortController();
  private connection: CallbackConnection;
  private waiting: Queued[] = [];
  private underWay: Queued[] = [];
  /** When the router took a message last, from `performance.now()`. */
  private takenAt = -Infinity;
  /** Callers of `next` who wait. */
  private forRoom: (() => void)[] = [];
  private beats: NodeJS.Timeout | undefined;
  private isCheckWaiting = false;

  /** @param ended called once if the router ends the subscription or can't be reached */
  constructor(
    private readonly client: CallbackClient,
    private readonly target: CallbackTarget,
    private readonly retries: RetryTimes,
    private readonly ended: (reason: ChannelEnd) => void,
  ) {
    this.connection = client.connect(target.url);
  }

  /**
   * Asks once whether the router waits for this subscription. Must come before everything else.
   * @param signal ends the wait
   * @returns undefined if it does, or what happened instead
   */
  async check(signal: AbortSignal): Promise<string | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)]);
    const { outcome, description } = await this.attempt({ action: 'check' }, limit);
    return outcome === 'taken' ? undefined : description;
  }

  /** Sends a check twice in each interval of the router: at the whole interval, some would come too late. */
  startHeartbeat(): void {
    const { heartbeatIntervalMs } = this.target;
    if (heartbeatIntervalMs === 0 || this.stopped.signal.aborted) return;
    const intervalMs = Math.min(Math.max(heartbeatIntervalMs, MIN_INTERVAL_MS), MAX_INTERVAL_MS);
    this.beats = setInterval(() => {
      // Messages that wait for a slow router show it that this server is alive.
      if (this.isCheckWaiting) return;
      this.isCheckWaiting = true;
      void this.send({ action: 'check' }).finally(() => {
        this.isCheckWaiting = false;
      });
    }, intervalMs / 2);
  }

  /** Resolves when the next event may be sent, or the channel has ended. Never rejects. */
  next(payload: unknown): Promise<void> {
    void this.send({ action: 'next', payload });
    if (this.hasRoom()) return Promise.resolve();
    return new Promise((resolve) => {
      this.forRoom.push(resolve);
    });
  }

  /** Sends the last message, after those that wait, and closes the channel. Never rejects. */
  async complete(errors?: readonly unknown[]): Promise<void> {
    clearInterval(this.beats);
    await this.send({ action: 'complete', ...(errors && { errors }) });
    this.close();
  }

  /** Sends nothing more, and stops what is under way. */
  close(): void {
    clearInterval(this.beats);
    this.stopped.abort();
    this.connection.close();
    this.drop();
  }

  private send(message: Message): Promise<void> {
    if (this.stopped.signal.aborted) return Promise.resolve();
    return new Promise((done) => {
      this.waiting.push({ message, done, isDropped: false });
      this.startSome();
    });
  }

  private startSome(): void {
    for (let [next] = this.waiting; next && this.mayStart(next.message); [next] = this.waiting) {
      this.waiting.shift();
      this.underWay.push(next);
      void this.deliver(next);
    }
    if (!this.hasRoom()) return;
    for (const resolve of this.forRoom) resolve();
    this.forRoom = [];
  }

  private mayStart({ action }: Pick<Message, 'action'>): boolean {
    const isAlone = this.underWay.length === 0;
    return isAlone || (action !== 'complete' && this.underWay.length < MAX_UNDER_WAY && this.isProven());
  }

  private isProven(): boolean {
    return performance.now() - this.takenAt < PROVEN_MS;
  }

  private hasRoom(): boolean {
    if (this.stopped.signal.aborted) return true;
    return this.waiting.length === 0 && this.mayStart({ action: 'next' });
  }

  /** Gives up all messages. */
  private drop(): void {
    const dropped = [...this.underWay, ...this.waiting];
    this.waiting = [];
    this.underWay = [];
    for (const queued of dropped) {
      queued.isDropped = true;
      queued.done();
    }
    this.startSome();
  }

  private async deliver(queued: Queued): Promise<void> {
    const limit = setTimeout(() => {
      if (!queued.isDropped) this.end('router_unreachable');
    }, GIVE_UP_MS);
    await this.deliverWithRetries(queued);
    clearTimeout(limit);
    if (queued.isDropped) return;
    this.underWay.splice(this.underWay.indexOf(queued), 1);
    queued.done();
    this.startSome();
  }

  private async deliverWithRetries(queued: Queued): Promise<void> {
    const { signal } = this.stopped;
    for (const pauseMs of [0, ...this.retries.pausesMs]) {
      if (pauseMs > 0) await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      if (isDropped(queued)) return;
      const { outcome } = await this.attempt(queued.message, signal);
      if (isDropped(queued)) return;
      if (outcome === 'taken') {
        this.takenAt = performance.now();
        return;
      }
      if (outcome !== 'failed') {
        this.end(outcome);
        return;
      }
      // Until it is taken, no other one starts.
      this.takenAt = -Infinity;
      if (this.underWay.at(-1) !== queued) {
        this.loseOrder();
        return;
      }
    }
    this.end('router_unreachable');
  }

  private loseOrder(): void {
    this.connection.close();
    this.connection = this.client.connect(this.target.url);
    this.drop();
    this.ended('order_lost');
  }

  private end(reason: ChannelEnd): void {
    if (this.stopped.signal.aborted) return;
    this.close();
    this.ended(reason);
  }

  private async attempt(message: Message, signal: AbortSignal): Promise<Attempt> {
    const { id, verifier } = this.target;
    const body = JSON.stringify({ kind: 'subscription', ...message, id, verifier });
    try {
      const status = await this.connection.post(body, signal);
      return { outcome: outcomeOf(status), description: `the response had the status ${String(status)}` };
    } catch (error) {
      return { outcome: 'failed', description: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** A function, because the compiler does not know that this changes while its caller waits. */
function isDropped(queued: Queued): boolean {
  return queued.isDropped;
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'taken';
  if (status === 404 || status === 410) return 'router_left';
  return status >= 500 ? 'failed' : 'router_refused';
}
