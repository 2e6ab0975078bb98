import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyRequest } from 'fastify';

import { callbackUrlReader } from '../../authentication/router/callback-urls';
import type { Admit } from '../../graphql/graphql-context';
import { RequestError } from '../../graphql/request-error';
import {
  SubscriptionRefused,
  type AcceptedSubscription,
} from '../../graphql/subscriptions/accept-subscription';
import type { Subscriptions } from '../../graphql/subscriptions/subscriptions';
import type { ExecutionDeadline } from '../graphql/execution-deadline';
import { viewerOf } from '../hooks/authenticate-user';
import { readCallbackRequest } from './callback-request';
import type { CallbackSubscriptions } from './callback-subscriptions';

/**
 * Starts the subscription that a router asks for with the extension `subscription`.
 * @param admit called before the router is asked
 * @returns the response
 * @throws RequestError when it is refused before its document is checked
 */
export type StartCallback = (
  request: FastifyRequest,
  deadline: ExecutionDeadline,
  admit: Admit,
) => Promise<HTTPGraphQLResponse | string>;

export interface StartCallbackOptions {
  /** Checks documents. */
  readonly subscriptions: Pick<Subscriptions, 'accept' | 'refused'>;
  readonly callbacks: CallbackSubscriptions;
  /** The URLs that a router may name. */
  readonly urls: readonly string[];
}

/** What the protocol demands as the response of a subscription that runs. */
const STARTED = '{"data":null}\n';

/** Failures that are the server's. */
const UNAVAILABLE = ['UNAVAILABLE', 'THROTTLED'];

export function createStartCallback({ subscriptions, callbacks, urls }: StartCallbackOptions): StartCallback {
  const readUrl = callbackUrlReader(urls);
  return async (request, deadline, admit) => {
    const { record, body, routerAuthenticated } = request;
    const reportProblem = (reason: string) => {
      record.reason ??= reason;
    };
    const { target, subscription } = readCallbackRequest(body, routerAuthenticated, readUrl, reportProblem);
    const info = { viewer: viewerOf(request), requestId: request.id };
    let accepted: AcceptedSubscription | undefined;
    try {
      accepted = subscriptions.accept(subscription);
      record.operation = accepted.label;
      record.operationName = accepted.name;
      await admit(accepted.cost);
      const { signal } = deadline;
      await callbacks.start(accepted, target, {
        ...info,
        expiresAt: request.tokenExpiresAt,
        signal,
        reportProblem,
      });
      return STARTED;
    } catch (error) {
      if (!(error instanceof SubscriptionRefused) && !(error instanceof RequestError)) throw error;
      subscriptions.refused(accepted, { ...info, transport: 'callback' }, error.code);
      if (error instanceof RequestError) throw error;
      record.failure ??= error.code;
      return refusal(error);
    }
  };
}

function refusal({ errors, code }: SubscriptionRefused): HTTPGraphQLResponse {
  return {
    status: UNAVAILABLE.includes(code) ? 503 : 400,
    headers: new HeaderMap([['content-type', 'application/json; charset=utf-8']]),
    body: { kind: 'complete', string: `${JSON.stringify({ errors })}\n` },
  };
}
