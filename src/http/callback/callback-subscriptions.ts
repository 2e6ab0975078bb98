import type { GraphQLFormattedError } from 'graphql';

import { atExpiry } from '../../authentication/user/at-expiry';
import { RequestError } from '../../graphql/request-error';
import type { AcceptedSubscription } from '../../graphql/subscriptions/accept-subscription';
import type { SubscriberInfo, EndOutcome } from '../../graphql/subscriptions/subscriber';
import type { RunningSubscription, Subscriptions } from '../../graphql/subscriptions/subscriptions';
import { overloaded, TOKEN_EXPIRED } from '../errors';
import { CallbackChannel, DEFAULT_RETRIES, type CallbackTarget, type RetryTimes } from './callback-channel';
import { createCallbackClient } from './callback-client';

export interface CallbackOptions {
  readonly subscriptions: Subscriptions;
  /** How many may run at a time, or wait for their router's response to the check. */
  readonly maxSubscriptions: number;
  /** The same for one authenticated user. */
  readonly maxPerSubject: number;
  /** How long a message may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly retries?: RetryTimes;
}

/** Who waits for the start of a subscription, and until when its viewer may read. */
export interface CallbackStart extends Omit<SubscriberInfo, 'transport' | 'routerOrigin'> {
  /** When the user's token expires, in milliseconds since the epoch; undefined if there is none. */
  readonly expiresAt: number | undefined;
  /** Aborted when the router no longer waits for the response. */
  readonly signal: AbortSignal;
  /** Receives why the router did not confirm, for the log. */
  readonly reportProblem: (reason: string) => void;
}

/** Subscriptions whose events are posted to a router. */
export interface CallbackSubscriptions {
  /**
   * Asks the router whether it waits for the subscription, and starts it.
   * @throws RequestError 400 `CALLBACK_FAILED` if the router does not say so, 400 `TOO_MANY_SUBSCRIPTIONS`, 503 `OVERLOADED`
   * @throws SubscriptionRefused when the changes can't be watched
   */
  readonly start: (
    subscription: AcceptedSubscription,
    target: CallbackTarget,
    start: CallbackStart,
  ) => Promise<void>;
  /** Starts no more, and completes those that run. Resolves when their routers know, or after the grace. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/** For each message, from the first byte sent to the last one received. */
const TIMEOUT_MS = 5_000;

interface Running {
  readonly end: (outcome: EndOutcome, error: GraphQLFormattedError) => void;
}

export function createCallbackSubscriptions({
  subscriptions,
  maxSubscriptions,
  maxPerSubject,
  timeoutMs = TIMEOUT_MS,
  retries = DEFAULT_RETRIES,
}: CallbackOptions): CallbackSubscriptions {
  const client = createCallbackClient(timeoutMs);
  const running = new Set<Running>();
  /** How many run or start, in all and for each subject. */
  const slots = { all: 0, bySubject: new Map<string, number>() };
  /** Those that send their last message. */
  const completing = new Map<CallbackChannel, Promise<void>>();
  let isStopping = false;

  function complete(channel: CallbackChannel, errors: readonly unknown[] | undefined): void {
    const completed = channel.complete(errors).finally(() => completing.delete(channel));
    completing.set(channel, completed);
  }

  /** @returns a function that gives the slot back */
  function takeSlot(subject: string): () => void {
    const { all, bySubject } = slots;
    const own = bySubject.get(subject) ?? 0;
    if (isStopping || all >= maxSubscriptions) throw overloaded();
    if (own >= maxPerSubject) throw tooMany(maxPerSubject);
    slots.all += 1;
    bySubject.set(subject, own + 1);
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      slots.all -= 1;
      const left = (bySubject.get(subject) ?? 0) - 1;
      if (left > 0) bySubject.set(subject, left);
      else bySubject.delete(subject);
    };
  }

  async function run(
    subscription: AcceptedSubscription,
    target: CallbackTarget,
    { expiresAt, signal, reportProblem, ...info }: CallbackStart,
    freeSlot: () => void,
  ): Promise<void> {
    let started: RunningSubscription | undefined;
    let clearExpiry = (): void => undefined;
    const channel = new CallbackChannel(client, target, retries, (reason) => {
      if (reason === 'order_lost') {
        own.end('CLIENT_GONE', ORDER_LOST);
        return;
      }
      // A client that leaves its router is noticed when the router does not know the subscription any more.
      close(reason === 'router_left' ? 'OK' : 'CLIENT_GONE');
    });
    const own: Running = {
      end(outcome, error) {
        close(outcome);
        complete(channel, [error]);
      },
    };
    function close(outcome: EndOutcome): void {
      started?.stop(outcome);
      forget();
    }
    function forget(): void {
      freeSlot();
      clearExpiry();
      running.delete(own);
    }

    const problem = await channel.check(signal);
    if (problem !== undefined) {
      channel.close();
      reportProblem(`the callback URL did not confirm the check: ${problem}`);
      throw new RequestError(400, 'CALLBACK_FAILED', FAILED);
    }
    running.add(own);
    channel.startHeartbeat();
    try {
      started = await subscriptions.start(
        subscription,
        { ...info, transport: 'callback', routerOrigin: target.url.origin },
        {
          next: (result) => channel.next(result),
          ended(errors) {
            forget();
            complete(channel, errors);
          },
        },
      );
    } catch (error) {
      forget();
      channel.close();
      throw error;
    }
    // The router, or this server, may have ended it meanwhile.
    if (signal.aborted || isStopping || !running.has(own)) {
      close('CLIENT_GONE');
      channel.close();
      throw overloaded();
    }
    clearExpiry = atExpiry(expiresAt, () => {
      own.end('UNAUTHENTICATED', TOKEN_EXPIRED);
    });
  }

  return {
    async start(subscription, target, start) {
      const freeSlot = takeSlot(start.viewer.subject);
      try {
        await run(subscription, target, start, freeSlot);
      } catch (error) {
        freeSlot();
        throw error;
      }
    },
    async stop(graceMs) {
      isStopping = true;
      for (const { end } of [...running]) end('SERVER_STOPPING', STOPPING);
      const ended = Promise.all(completing.values());
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise((resolve) => (timer = setTimeout(resolve, graceMs)));
      await Promise.race([ended, grace]);
      clearTimeout(timer);
      for (const channel of completing.keys()) channel.close();
      client.close();
    },
  };
}

const FAILED = 'The callback URL did not confirm that it waits for this subscription.';

function tooMany(maxPerSubject: number): RequestError {
  return new RequestError(
    400,
    'TOO_MANY_SUBSCRIPTIONS',
    `A user may have ${String(maxPerSubject)} subscriptions by callback at a time.`,
  );
}

const ORDER_LOST: GraphQLFormattedError = {
  message:
    'An event could not be delivered. Subscribe again, and read the connections once, to see what was missed.',
  extensions: { code: 'UNAVAILABLE' },
};

const STOPPING: GraphQLFormattedError = {
  message: 'The server is stopping. Subscribe again.',
  extensions: { code: 'SERVER_STOPPING' },
};
