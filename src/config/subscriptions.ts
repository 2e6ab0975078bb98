import { z } from 'zod';

import { parseCallbackUrl } from '../authentication/router/callback-urls';
import { listOf, milliseconds, quotedUnlessCredentials, wholeNumber } from './env-types';
import type { Environment, Variables } from './environment';

const MAX_COUNT = 1_000_000;

/** How subscriptions are delivered. */
export interface SubscriptionsConfig {
  readonly sockets: {
    readonly maxSockets: number;
    readonly maxSocketsPerSubject: number;
    readonly maxSubscriptionsPerSocket: number;
    readonly maxMessageBytes: number;
    readonly initTimeoutMs: number;
    readonly pingMs: number;
  };
  /** Events that may wait for a client. */
  readonly maxQueue: number;
  readonly callbacks: {
    /** Where a router may have events sent by HTTP callback: these URLs, and paths below them. */
    readonly urls: readonly string[];
    /** That run at a time. */
    readonly maxSubscriptions: number;
  };
}

/** Whether a router may have events sent to paths below this URL. Its query would not be compared. */
function isCallbackUrl(text: string): boolean {
  const url = parseCallbackUrl(text);
  return typeof url !== 'string' && !text.includes('?') && !text.includes('#');
}

export const SUBSCRIPTIONS = {
  MAX_SOCKETS: wholeNumber(0, MAX_COUNT)
    .default(10_000)
    .describe('Open WebSockets. More are refused with 503. `0` turns WebSockets off.'),
  MAX_SOCKETS_PER_SUBJECT: wholeNumber(1, MAX_COUNT)
    .default(100)
    .describe('Open WebSockets of one authenticated user. More are closed with 1013.'),
  MAX_SUBSCRIPTIONS_PER_SOCKET: wholeNumber(1, MAX_COUNT)
    .default(100)
    .describe(
      'Subscriptions of one WebSocket, and by callback of one authenticated user. A gateway may put all its clients that have the same token on one WebSocket.',
    ),
  MAX_SUBSCRIPTION_QUEUE: wholeNumber(1, MAX_COUNT)
    .default(64)
    .describe(
      'Events that wait for a slow client. One more ends its subscription with `SUBSCRIPTION_OVERFLOW`.',
    ),
  MAX_SOCKET_MESSAGE_BYTES: wholeNumber(1_024, 16_777_216)
    .default(65_536)
    .describe('Bytes of a message from a client. A longer one closes the WebSocket with 1009.'),
  SOCKET_INIT_TIMEOUT_MS: milliseconds(1)
    .default(3_000)
    .describe('How long a WebSocket may be open before `connection_init` arrives, in milliseconds.'),
  SOCKET_PING_MS: milliseconds(10)
    .default(50_000)
    .describe(
      'How often a client is asked whether it is there, in milliseconds. Without a response by the next time, its WebSocket is closed.',
    ),
  SUBSCRIPTION_CALLBACK_URLS: listOf(
    z.string().refine(isCallbackUrl, {
      error: ({ input }) =>
        `must be https URLs, or http URLs on loopback, without credentials, query and fragment${quotedUnlessCredentials(input)}`,
    }),
  )
    .optional()
    .describe(
      'URLs to which a router may have events sent by [HTTP callback](../guides/subscriptions-through-gateways.md#http-callbacks), with all paths below them, comma-separated, as in `https://router.example.com/callback`. Needs `ROUTER_SECRET` or `ROUTER_ACCESS_KEY_IDS`.',
    ),
  MAX_CALLBACK_SUBSCRIPTIONS: wholeNumber(1, MAX_COUNT)
    .default(10_000)
    .describe('Subscriptions by HTTP callback. More are refused with 503.'),
};

export function subscriptionsConfig(variables: Variables): SubscriptionsConfig {
  return {
    sockets: {
      maxSockets: variables.MAX_SOCKETS,
      maxSocketsPerSubject: variables.MAX_SOCKETS_PER_SUBJECT,
      maxSubscriptionsPerSocket: variables.MAX_SUBSCRIPTIONS_PER_SOCKET,
      maxMessageBytes: variables.MAX_SOCKET_MESSAGE_BYTES,
      initTimeoutMs: variables.SOCKET_INIT_TIMEOUT_MS,
      pingMs: variables.SOCKET_PING_MS,
    },
    maxQueue: variables.MAX_SUBSCRIPTION_QUEUE,
    callbacks: {
      urls: variables.SUBSCRIPTION_CALLBACK_URLS ?? [],
      maxSubscriptions: variables.MAX_CALLBACK_SUBSCRIPTIONS,
    },
  };
}

/** Without a proof of the router, anyone could have this server send requests to those URLs. */
export function subscriptionMistakes(environment: Environment): readonly string[] {
  const { SUBSCRIPTION_CALLBACK_URLS, ROUTER_SECRET, ROUTER_ACCESS_KEY_IDS } = environment;
  if (SUBSCRIPTION_CALLBACK_URLS === undefined) return [];
  if (ROUTER_SECRET !== undefined || ROUTER_ACCESS_KEY_IDS !== undefined) return [];
  return [
    'SUBSCRIPTION_CALLBACK_URLS needs ROUTER_SECRET or ROUTER_ACCESS_KEY_IDS: only a router that proves itself may have events sent there.',
  ];
}
