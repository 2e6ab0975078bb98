import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { createSubscriptions, type SubscriptionsOptions } from '../graphql/subscriptions/subscriptions';
import { createCallbackSubscriptions } from './callback/callback-subscriptions';
import { createStartCallback, type StartCallback } from './callback/start-callback';
import { routeUpgrades } from './websocket/upgrade-requests';
import { addWebSockets, type WebSocketLimits, type WebSocketOptions } from './websocket/websockets';

/** How subscriptions are executed and delivered. */
export interface SubscriptionOptions extends Pick<
  SubscriptionsOptions,
  'source' | 'openSession' | 'trustPolicyDefaults' | 'observe' | 'maxWaiting'
> {
  readonly callbacks: {
    /** The URLs that a router may name. */
    readonly urls: readonly string[];
    readonly maxSubscriptions: number;
  };
  /** With 0 as `maxSockets` there are no WebSockets. */
  readonly sockets: WebSocketLimits;
}

/** What the server provides for them. */
type ServerParts = Omit<SubscriptionsOptions, keyof SubscriptionOptions> &
  Pick<WebSocketOptions, 'path' | 'rateLimits' | 'authentication' | 'origins' | 'upgraded'> & {
    /** Receives each connection on which HTTP has ended. */
    readonly upgrading: (socket: Socket) => void;
  };

export interface SubscriptionTransports {
  readonly startCallback: StartCallback;
  /** How many WebSockets are open. */
  readonly openSockets: () => number;
  /** Ends the subscriptions by callback. The lifecycle of the server ends WebSockets. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/**
 * Adds subscriptions to a server, over WebSockets and by HTTP callback.
 * @param server with all its hooks that decide about a request
 */
export function addSubscriptions(
  server: FastifyInstance,
  { callbacks: { urls, maxSubscriptions }, sockets: limits, ...given }: SubscriptionOptions,
  { path, rateLimits, authentication, origins, upgrading, upgraded, ...parts }: ServerParts,
): SubscriptionTransports {
  const subscriptions = createSubscriptions({ ...given, ...parts });
  const callbacks = createCallbackSubscriptions({
    subscriptions,
    maxSubscriptions,
    // Without users, all have the router's subject.
    maxPerSubject: authentication.user ? limits.maxSubscriptionsPerSocket : Infinity,
  });
  let openSockets = () => 0;
  if (limits.maxSockets > 0) {
    const { observe } = given;
    const { schema, reportFault } = parts;
    routeUpgrades(server, upgrading);
    const sockets = addWebSockets(server, {
      path,
      schema,
      subscriptions,
      rateLimits,
      authentication,
      origins,
      limits,
      observe,
      reportFault,
      upgraded,
    });
    openSockets = sockets.count;
  }
  return {
    startCallback: createStartCallback({ subscriptions, callbacks, urls }),
    openSockets,
    stop: callbacks.stop,
  };
}
