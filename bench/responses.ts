import { z } from 'zod';

import type { Candidate } from './candidates';
import type { Case } from './cases';
import { REQUEST_HEADERS } from './trial';

/** The first response of a candidate, before anything is measured. */
export interface CandidateResponse {
  readonly candidate: Candidate;
  /** Unchanged. */
  readonly body: string;
}

/** A response is wrong, or differs between candidates. Measuring them would compare different work. */
export class ResponseMismatchError extends Error {
  override readonly name = 'ResponseMismatchError';
}

/**
 * Sends a case once.
 * @throws ResponseMismatchError if the status is not 200, or the response has errors or another number of connections
 */
export async function send(candidate: Candidate, url: string, subject: Case): Promise<CandidateResponse> {
  const response = await fetch(url, { method: 'POST', headers: REQUEST_HEADERS, body: subject.bodyOf(0) });
  const body = await response.text();
  const connections = body.split('"arn":"').length - 1;
  if (response.status !== 200 || connections !== subject.connections) {
    throw new ResponseMismatchError(
      `${candidate.title} responds to "${subject.name}" with status ${String(response.status)} and ${String(connections)} connections, ` +
        `instead of 200 and ${String(subject.connections)}: ${body.slice(0, 500)}`,
    );
  }
  dataOf(candidate, body);
  return { candidate, body };
}

/** @throws ResponseMismatchError if the data of two responses differs in one byte */
export function expectEqualResponses(subject: Case, responses: readonly CandidateResponse[]): void {
  const [first, ...others] = responses.map(({ candidate, body }) => {
    const data = dataOf(candidate, body);
    return { candidate, data: subject.writes ? withoutGeneratedValues(data) : data };
  });
  if (first === undefined) return;
  for (const { candidate, data } of others) {
    if (data === first.data) continue;
    const place = firstDifference(data, first.data);
    const around = (text: string) => text.slice(Math.max(0, place - 40), place + 40);
    throw new ResponseMismatchError(
      `${candidate.title} does not respond to "${subject.name}" as ${first.candidate.title} does. At character ${String(place)} ` +
        `the data is\n  …${around(data)}…\ninstead of\n  …${around(first.data)}…`,
    );
  }
}

function firstDifference(one: string, other: string): number {
  let place = 0;
  while (place < one.length && one[place] === other[place]) place += 1;
  return place;
}

/** Checks the responses of a trial: a read returns the same bytes each time, a write succeeds. */
export function acceptor(subject: Case, { body }: CandidateResponse): (response: string) => boolean {
  if (!subject.writes) return (response) => response === body;
  const opening = /^\{"data":\{"\w+":\{"success":true,/;
  return (response) => opening.test(response) && !response.includes('"errors"');
}

const responseSchema = z.strictObject({ data: z.record(z.string(), z.unknown()) });
const BEFORE_DATA = '{"data":';
const AFTER_DATA = '}';

/** The text of `data` in the response. */
function dataOf({ title }: Candidate, body: string): string {
  const text = body.trim();
  if (!responseSchema.safeParse(JSON.parse(text)).success || !text.startsWith(BEFORE_DATA)) {
    throw new ResponseMismatchError(
      `${title} must respond with data and nothing else: ${text.slice(0, 500)}`,
    );
  }
  return text.slice(BEFORE_DATA.length, -AFTER_DATA.length);
}

/** Masks ids, also inside ARNs, and times, which differ between stores. */
function withoutGeneratedValues(data: string): string {
  return data
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, 'TIME');
}
