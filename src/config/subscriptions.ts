import { z } from 'zod';

import { parseCallbackUrl } from '../authentication/router/callback-urls';
import { listOf, quotedUnlessCredentials } from './env-types';
import type { Environment, Variables } from './environment';

/** How subscriptions are delivered. */
export interface SubscriptionsConfig {
  /** Where a router may have events sent by HTTP callback: these URLs, and paths below them. */
  readonly callbackUrls: readonly string[];
}

/** Whether a router may have events sent to paths below this URL. Its query would not be compared. */
function isCallbackUrl(text: string): boolean {
  const url = parseCallbackUrl(text);
  return typeof url !== 'string' && !text.includes('?') && !text.includes('#');
}

export const SUBSCRIPTIONS = {
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
};

export function subscriptionsConfig(variables: Variables): SubscriptionsConfig {
  return { callbackUrls: variables.SUBSCRIPTION_CALLBACK_URLS ?? [] };
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
