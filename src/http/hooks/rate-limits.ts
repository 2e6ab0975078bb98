import { createHash } from 'node:crypto';

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import { RequestError } from '../../graphql/request-error';

/** What one subject may use in a minute. */
export interface RateLimitOptions {
  readonly requestsPerMinute: number;
  /** In the unit of document costs. */
  readonly costPerMinute: number;
  /** Subjects that may be counted for the first time in a minute; 100,000 by default. */
  readonly newSubjectsPerMinute?: number;
}

/** Counts requests and costs for each subject. A minute starts with the subject's first request in it. */
export interface RateLimits {
  /**
   * Counts a request.
   * @throws RequestError 429 `RATE_LIMITED`, with `retry-after`
   */
  readonly countRequest: (subject: string) => Promise<void>;
  /**
   * Charges the cost of an operation to the subject, before it is executed. Rejected operations are free.
   * @throws RequestError 429 `RATE_LIMITED`, with `retry-after`; 400 `TOO_EXPENSIVE` if the cost exceeds a whole minute's limit
   */
  readonly chargeCost: (subject: string, cost: number) => Promise<void>;
}

const MINUTE_S = 60;
/** Bounds the memory for subjects, because a token can name any number of them. */
const MAX_NEW_SUBJECTS = 100_000;
/** A longer subject is stored as its hash. */
const MAX_KEY_LENGTH = 64;

/** Loads the library only now: servers without authentication don't need it. */
export async function createRateLimits({
  requestsPerMinute,
  costPerMinute,
  newSubjectsPerMinute = MAX_NEW_SUBJECTS,
}: RateLimitOptions): Promise<RateLimits> {
  const { RateLimiterMemory } = await import('rate-limiter-flexible');
  const counterOf = (keyPrefix: string, points: number) =>
    new RateLimiterMemory({ keyPrefix, points, duration: MINUTE_S });
  const requests = counterOf('requests', requestsPerMinute);
  const cost = counterOf('cost', costPerMinute);
  const newSubjects = counterOf('subjects', newSubjectsPerMinute);

  /** Returns how long to wait, in milliseconds, if the limit is exceeded; otherwise undefined. */
  async function take(
    counter: RateLimiterMemory,
    subject: string,
    points: number,
  ): Promise<number | undefined> {
    const key = keyOf(subject);
    const taken = await outcomeOf(counter.consume(key, points));
    if (taken.refused) {
      await counter.reward(key, points);
      return taken.msBeforeNext;
    }
    if (!taken.isFirst) return undefined;
    const counted = await outcomeOf(newSubjects.consume('all'));
    if (!counted.refused) return undefined;
    await counter.delete(key);
    return counted.msBeforeNext;
  }

  return {
    async countRequest(subject) {
      const wait = await take(requests, subject, 1);
      if (wait !== undefined)
        throw rateLimited(wait, `You may send ${String(requestsPerMinute)} requests a minute.`);
    },
    async chargeCost(subject, price) {
      if (price > costPerMinute) {
        throw new RequestError(
          400,
          'TOO_EXPENSIVE',
          `The operation costs ${String(price)}, and what you ask for in a minute may cost ${String(costPerMinute)}. Ask for less at a time.`,
        );
      }
      const wait = await take(cost, subject, price);
      if (wait !== undefined)
        throw rateLimited(wait, `What you ask for in a minute may cost ${String(costPerMinute)}.`);
    },
  };
}

interface Outcome {
  readonly refused: boolean;
  readonly isFirst: boolean;
  readonly msBeforeNext: number;
}

/** The limiter rejects with the same type that it resolves with. */
async function outcomeOf(consumed: Promise<RateLimiterRes>): Promise<Outcome> {
  try {
    const { isFirstInDuration: isFirst, msBeforeNext } = await consumed;
    return { refused: false, isFirst, msBeforeNext };
  } catch (result) {
    if (result instanceof Error) throw result;
    const { isFirstInDuration: isFirst, msBeforeNext } = result as RateLimiterRes;
    return { refused: true, isFirst, msBeforeNext };
  }
}

/** Hashes long subjects, because a token's `sub` may have thousands of characters. */
function keyOf(subject: string): string {
  return subject.length <= MAX_KEY_LENGTH
    ? subject
    : `sha256:${createHash('sha256').update(subject).digest('base64')}`;
}

function rateLimited(wait: number, message: string): RequestError {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return new RequestError(429, 'RATE_LIMITED', `${message} Try again in ${String(seconds)} s.`, {
    'retry-after': String(seconds),
  });
}

/** Counts the requests of every authenticated subject. */
export function addRateLimits(server: FastifyInstance, rateLimits: RateLimits): void {
  server.addHook('onRequest', async ({ record: { subject } }) => {
    if (subject !== undefined) await rateLimits.countRequest(subject);
  });
}

/** Charges the cost of a document to the subject of its request. */
export function chargeTo(rateLimits: RateLimits): (request: FastifyRequest, cost: number) => Promise<void> {
  return async ({ record: { subject } }, cost) => {
    if (subject !== undefined) await rateLimits.chargeCost(subject, cost);
  };
}
