import type { GraphQLFormattedError } from 'graphql';

import { ProtonFailure } from '../../proton/failure';
import type { StatusChangeSource } from '../../proton/status-changes';
import type { Viewer } from '../../proton/viewer';
import type { SubscriptionObserver } from '../../telemetry/events';
import {
  createAcceptance,
  SubscriptionRefused,
  type AcceptedSubscription,
  type AcceptOptions,
  type SubscriptionRequest,
} from './accept-subscription';
import { createEventExecution, type EventExecutionOptions } from './execute-event';
import { Group } from './group';
import { Subscriber, type EndOutcome, type SubscriberInfo, type SubscriptionSink } from './subscriber';
import { createTurns } from './turns';

/** Executes subscriptions, whatever transport brings their results to the client. */
export interface Subscriptions {
  /**
   * Call it before a client may subscribe that can't see when its subscription has started: it then gets each change that is committed
   * after its message has been read. Without it, the first subscription misses the changes until the store has answered.
   * @returns what to call when the client has gone
   */
  readonly expect: () => Promise<() => void>;
  /**
   * Checks a subscription's document and variables, as for a request over HTTP. The caller charges the cost.
   * @throws SubscriptionRefused
   */
  readonly accept: (request: SubscriptionRequest) => AcceptedSubscription;
  /**
   * Starts a subscription. The sink gets each change that is committed after this has resolved, in order for each connection.
   * @throws SubscriptionRefused when the changes can't be watched
   */
  readonly start: (
    subscription: AcceptedSubscription,
    info: SubscriberInfo,
    sink: SubscriptionSink,
  ) => Promise<RunningSubscription>;
  /** Reports a subscription that did not start. @param code of the error that the client got */
  readonly refused: (
    subscription: Pick<AcceptedSubscription, 'label' | 'name'> | undefined,
    info: SubscriberInfo,
    code: string,
  ) => void;
}

export interface RunningSubscription {
  /** Ends it: the sink is not called any more. Calls after the first do nothing. */
  readonly stop: (outcome: EndOutcome) => void;
}

export interface SubscriptionsOptions extends AcceptOptions, EventExecutionOptions {
  readonly source: StatusChangeSource;
  /** Results that may wait for a client. */
  readonly maxWaiting: number;
  readonly observe: SubscriptionObserver;
}

/** Parts of the work of events that are done in one turn of the event loop, so that requests don't wait longer than some milliseconds. */
const PARTS_PER_TURN = 6;

export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { source, maxWaiting, observe } = options;
  const execute = createEventExecution(options);
  const turn = createTurns(PARTS_PER_TURN);
  const groups = new Map<string, Group>();

  function groupFor(
    subscription: AcceptedSubscription,
    { viewer, routerOrigin = '' }: Pick<SubscriberInfo, 'viewer' | 'routerOrigin'>,
  ): Group {
    // Those of a group wait for one another, so a slow router must not be among the clients of others.
    const key = `${subscription.key} ${permissionsOf(viewer)} ${routerOrigin}`;
    const known = groups.get(key);
    if (known) return known;
    const group: Group = new Group({
      subscription,
      viewer,
      source,
      execute,
      turn,
      emptied() {
        if (groups.get(key) === group) groups.delete(key);
      },
    });
    groups.set(key, group);
    return group;
  }

  return {
    async expect() {
      try {
        return (await source.prepareWatches?.()) ?? NOTHING;
      } catch (error) {
        // A subscription finds that too, and its client gets the error.
        if (error instanceof ProtonFailure) return NOTHING;
        throw error;
      }
    },

    accept: createAcceptance(options),

    async start(subscription, info, sink) {
      const group = groupFor(subscription, info);
      try {
        return await group.join(
          () =>
            new Subscriber({
              ...info,
              subscription,
              sink,
              observe,
              maxWaiting,
              left: (subscriber) => {
                group.leave(subscriber);
              },
            }),
        );
      } catch (error) {
        if (!(error instanceof ProtonFailure)) throw error;
        throw new SubscriptionRefused([errorOf(error)]);
      }
    },

    refused(subscription, { transport, requestId, viewer: { subject } }, code) {
      observe.refused({
        transport,
        requestId,
        operation: subscription?.label,
        operationName: subscription?.name,
        subject,
        outcome: code,
        events: 0,
        startedAt: Date.now(),
        durationMs: 0,
      });
    },
  };
}

const NOTHING = (): void => undefined;

function errorOf({ message, code }: ProtonFailure): GraphQLFormattedError {
  return { message, extensions: { code } };
}

/** Equal for viewers who see the same. The subject makes no difference to what a viewer reads. */
function permissionsOf({ onEveryAccount, onAccounts }: Viewer): string {
  const accounts = [...onAccounts].map(([account, granted]) => [account, [...granted].sort()] as const);
  accounts.sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([[...onEveryAccount].sort(), accounts]);
}
