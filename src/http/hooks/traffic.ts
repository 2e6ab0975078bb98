import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { admitRequests, overloaded, type AdmitOptions } from './admission';
import { RequestError } from '../../graphql/request-error';
import { refuse } from '../errors';
import type { Spend } from '../graphql/graphql-route';
import { FOREIGN_HOST, hostMistake, isOwnHost, requestedHost } from './host';
import type { SubjectBudgets } from './rate-limits';

/** What goes before requests for GraphQL, each at its own place between the proofs of who asks. */

/** Answers those alone who ask this machine by a name that nobody else can own. */
export function refuseForeignHosts(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (isOwnHost(requestedHost(request))) done();
    else done(new RequestError(421, 'MISDIRECTED', `${FOREIGN_HOST} ${REMEDY}`));
  });
}

const REMEDY =
  'Ask for localhost; or have the server know who asks, by ROUTER_SECRET, or set ALLOW_UNAUTHENTICATED=true.';

/**
 * Refuses requests without one valid Host header.
 * @returns the check, for requests that fail before the first hook
 */
export function checkHost(server: FastifyInstance): (request: FastifyRequest) => RequestError | undefined {
  const check = (request: FastifyRequest) => {
    const mistake = hostMistake(request);
    return mistake === undefined ? undefined : new RequestError(400, 'BAD_REQUEST', mistake);
  };
  server.addHook('onRequest', (request, _reply, done) => {
    done(check(request));
  });
  return check;
}

/** Lets as many requests in as there are places for. */
export function admitGraphql(server: FastifyInstance, options: Omit<AdmitOptions, 'refuse'>): void {
  admitRequests(server, {
    ...options,
    refuse: (reply: FastifyReply) => {
      refuse(reply, overloaded());
    },
  });
}

/** Counts the requests of every person who is known. */
export function limitSubjects(server: FastifyInstance, budgets: SubjectBudgets): void {
  server.addHook('onRequest', async ({ record: { subject } }) => {
    if (subject !== undefined) await budgets.request(subject);
  });
}

/** Takes what a document costs from the budget of the person who sent it, where persons have budgets. */
export function spendFrom(budgets: SubjectBudgets | undefined): Spend {
  return async ({ record: { subject } }, cost) => {
    if (subject !== undefined) await budgets?.spend(subject, cost);
  };
}
