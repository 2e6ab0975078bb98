import { createHash } from 'node:crypto';

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import { RequestError } from '../../graphql/request-error';

/** What one person may ask for in a minute. */
export interface SubjectLimits {
  readonly requestsPerMinute: number;
  /** In the unit that documents are priced in. */
  readonly costPerMinute: number;
  /** Subjects that may be counted for the first time in a minute; 100,000 by default. */
  readonly newSubjectsPerMinute?: number;
}

/** Counts what each subject asks for. A minute begins with the first request that is counted in it. */
export interface SubjectBudgets {
  /**
   * Counts a request.
   * @throws RequestError 429 `RATE_LIMITED`, with `retry-after`
   */
  readonly request: (subject: string) => Promise<void>;
  /**
   * Takes the cost of an operation from the subject's budget, before it is carried out. What is refused costs nothing.
   * @throws RequestError 429 `RATE_LIMITED`, with `retry-after`; 400 `TOO_EXPENSIVE` for what no minute has room for
   */
  readonly spend: (subject: string, cost: number) => Promise<void>;
}

const MINUTE_S = 60;
/** Bounds the memory for subjects, because a token can name any number of them. */
const MAX_NEW_SUBJECTS = 100_000;
/** Characters of a subject that is kept as it is. */
const SHORT = 64;

export function createSubjectBudgets({
  requestsPerMinute,
  costPerMinute,
  newSubjectsPerMinute = MAX_NEW_SUBJECTS,
}: SubjectLimits): SubjectBudgets {
  const requests = counterOf('requests', requestsPerMinute);
  const cost = counterOf('cost', costPerMinute);
  const newSubjects = counterOf('subjects', newSubjectsPerMinute);

  /** Answers when there is room again, in milliseconds; undefined where there is room now. */
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
    async request(subject) {
      const wait = await take(requests, subject, 1);
      if (wait !== undefined)
        throw rateLimited(wait, `You may send ${String(requestsPerMinute)} requests a minute.`);
    },
    async spend(subject, price) {
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

function counterOf(keyPrefix: string, points: number): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix, points, duration: MINUTE_S });
}

interface Outcome {
  readonly refused: boolean;
  readonly isFirst: boolean;
  readonly msBeforeNext: number;
}

/** The limiter rejects with what it resolves with. */
async function outcomeOf(consumed: Promise<RateLimiterRes>): Promise<Outcome> {
  try {
    const { isFirstInDuration: isFirst, msBeforeNext } = await consumed;
    return { refused: false, isFirst, msBeforeNext };
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return { refused: true, isFirst: refusal.isFirstInDuration, msBeforeNext: refusal.msBeforeNext };
  }
}

/** A token may name a subject in thousands of characters. */
function keyOf(subject: string): string {
  return subject.length <= SHORT
    ? subject
    : `sha256:${createHash('sha256').update(subject).digest('base64')}`;
}

function rateLimited(wait: number, message: string): RequestError {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return new RequestError(429, 'RATE_LIMITED', `${message} Try again in ${String(seconds)} s.`, {
    'retry-after': String(seconds),
  });
}

/** Counts the requests of every person who is known. */
export function limitSubjects(server: FastifyInstance, budgets: SubjectBudgets): void {
  server.addHook('onRequest', async ({ record: { subject } }) => {
    if (subject !== undefined) await budgets.request(subject);
  });
}

/** Takes what a document costs from the budget of the person who sent it, where persons have budgets. */
export function spendFrom(
  budgets: SubjectBudgets | undefined,
): (request: FastifyRequest, cost: number) => Promise<void> {
  return async ({ record: { subject } }, cost) => {
    if (subject !== undefined) await budgets?.spend(subject, cost);
  };
}
