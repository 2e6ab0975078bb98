import { setTimeout as wait } from 'node:timers/promises';

import type { CallbackClient } from './callback-client';

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

/** The most that a message may take with all its attempts and the waits for a connection, in milliseconds. */
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
  | 'router_unreachable';

type Message =
  | { readonly action: 'check' }
  | { readonly action: 'next'; readonly payload: unknown }
  | { readonly action: 'complete'; readonly errors?: readonly unknown[] };

/** What a router did with a message: it took it, or the message failed and may be repeated, or the router wants no more. */
type Outcome = 'taken' | 'failed' | Exclude<ChannelEnd, 'router_unreachable'>;

interface Attempt {
  readonly outcome: Outcome;
  /** For the log. */
  readonly description: string;
}

/**
 * The messages of one subscription to its router, by Apollo's HTTP callback protocol, version 1.0. They are sent one after the other:
 * a message starts when the router has taken the one before it.
 */
export class CallbackChannel {
  private readonly stopped = new AbortController();
  /** Settles when the message before is done. */
  private last: Promise<unknown> = Promise.resolve();
  private beats: NodeJS.Timeout | undefined;
  private isCheckWaiting = false;

  /** @param ended called once if the router ends the subscription or can't be reached */
  constructor(
    private readonly client: CallbackClient,
    private readonly target: CallbackTarget,
    private readonly retries: RetryTimes,
    private readonly ended: (reason: ChannelEnd) => void,
  ) {}

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

  /** Resolves when the router has taken the event, or the channel has ended. Never rejects. */
  next(payload: unknown): Promise<void> {
    return this.send({ action: 'next', payload });
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
  }

  private send(message: Message): Promise<void> {
    const sent = this.last.then(() => this.deliver(message));
    this.last = sent;
    return sent;
  }

  private async deliver(message: Message): Promise<void> {
    const limit = setTimeout(() => {
      this.end('router_unreachable');
    }, GIVE_UP_MS);
    await this.deliverWithRetries(message, this.stopped.signal);
    clearTimeout(limit);
  }

  private async deliverWithRetries(message: Message, signal: AbortSignal): Promise<void> {
    for (const pauseMs of [0, ...this.retries.pausesMs]) {
      if (pauseMs > 0) await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const { outcome } = await this.attempt(message, signal);
      if (outcome === 'taken') return;
      if (outcome !== 'failed') {
        this.end(outcome);
        return;
      }
    }
    this.end('router_unreachable');
  }

  private end(reason: ChannelEnd): void {
    if (this.stopped.signal.aborted) return;
    this.close();
    this.ended(reason);
  }

  private async attempt(message: Message, signal: AbortSignal): Promise<Attempt> {
    const { url, id, verifier } = this.target;
    const body = JSON.stringify({ kind: 'subscription', ...message, id, verifier });
    try {
      const status = await this.client.post(url, body, signal);
      return { outcome: outcomeOf(status), description: `the response had the status ${String(status)}` };
    } catch (error) {
      return { outcome: 'failed', description: error instanceof Error ? error.message : String(error) };
    }
  }
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'taken';
  if (status === 404 || status === 410) return 'router_left';
  return status >= 500 ? 'failed' : 'router_refused';
}
