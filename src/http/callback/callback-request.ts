import { z } from 'zod';

import { parseCallbackUrl } from '../../authentication/router/callback-urls';
import type { SubscriptionRequest } from '../../graphql/subscriptions/accept-subscription';
import { RequestError } from '../../graphql/request-error';
import type { CallbackTarget } from './callback-channel';

/** What a router asks for by the callback protocol. */
export interface CallbackRequest {
  readonly target: CallbackTarget;
  readonly subscription: SubscriptionRequest;
}

/** Apollo's plugin takes 5 s for a router that names no interval, too. */
const DEFAULT_HEARTBEAT_MS = 5_000;

const extension = z.object({
  callbackUrl: z.string(),
  subscriptionId: z.string().min(1).max(256),
  verifier: z.string().max(4_096),
  heartbeatIntervalMs: z.int().min(0).default(DEFAULT_HEARTBEAT_MS),
});

const document = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

/** The extension `subscription` of a request's body; undefined if it has none. */
export function subscriptionExtension(body: unknown): unknown {
  const { extensions } = Object(body) as { readonly extensions?: unknown };
  const { subscription } = Object(extensions) as { readonly subscription?: unknown };
  return subscription ?? undefined;
}

/**
 * Reads a request with the extension `subscription`.
 * @param routerAuthenticated whether the router has proved that the request comes from it
 * @param readUrl parses a URL that is allowed for callbacks
 * @param reportProblem receives why a URL is refused, for the log
 * @throws RequestError 400 `BAD_REQUEST` or `CALLBACK_REFUSED`
 */
export function readCallbackRequest(
  body: unknown,
  routerAuthenticated: boolean,
  readUrl: (text: string) => URL | undefined,
  reportProblem: (reason: string) => void,
): CallbackRequest {
  const parsed = extension.safeParse(subscriptionExtension(body));
  if (!parsed.success) throw malformed('extensions.subscription', parsed.error);
  const { callbackUrl, subscriptionId: id, verifier, heartbeatIntervalMs } = parsed.data;
  const url = routerAuthenticated ? readUrl(callbackUrl) : undefined;
  if (!url) {
    reportProblem(routerAuthenticated ? problemOf(callbackUrl) : 'the router has not proved itself');
    throw new RequestError(400, 'CALLBACK_REFUSED', REFUSED);
  }
  const subscription = document.safeParse(body);
  if (!subscription.success) throw malformed('The request', subscription.error);
  const { query, operationName, variables } = subscription.data;
  return {
    target: { url, id, verifier, heartbeatIntervalMs },
    subscription: { query, variables, operationName: operationName === '' ? null : operationName },
  };
}

const REFUSED =
  'This server sends events only to URLs in SUBSCRIPTION_CALLBACK_URLS, and only for a router that proves itself.';

/** Quotes no credentials. */
function problemOf(callbackUrl: string): string {
  const url = parseCallbackUrl(callbackUrl);
  return typeof url === 'string'
    ? `the callback URL ${url}`
    : `SUBSCRIPTION_CALLBACK_URLS does not list ${url.origin}${url.pathname}`;
}

function malformed(what: string, { issues: [issue] }: z.ZodError): RequestError {
  const path = issue?.path.join('.') ?? '';
  const reason = `${path === '' ? '' : `${path}: `}${issue?.message ?? 'is malformed'}`;
  return new RequestError(400, 'BAD_REQUEST', `${what} is malformed. ${reason}`);
}
