import { z } from 'zod';

import type { Candidate } from './candidates';
import type { Case } from './cases';
import { REQUEST_HEADERS } from './trial';

/** The first answer of a candidate, from before anything is timed. */
export interface Answer {
  readonly candidate: Candidate;
  /** As it was sent. */
  readonly body: string;
}

/** Candidates that do not answer alike: there is nothing to compare then. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

/**
 * Sends a case once.
 * @throws AnswerError when the answer is not 200, has errors, or does not show what the case asks for
 */
export async function ask(candidate: Candidate, url: string, subject: Case): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers: REQUEST_HEADERS, body: subject.bodyOf(0) });
  const body = await response.text();
  const shown = body.split('"arn":"').length - 1;
  if (response.status !== 200 || shown !== subject.connections) {
    throw new AnswerError(
      `${candidate.title} answers "${subject.name}" with status ${String(response.status)} and ${String(shown)} connections, ` +
        `not with 200 and ${String(subject.connections)}: ${body.slice(0, 500)}`,
    );
  }
  dataOf(candidate, body);
  return { candidate, body };
}

/** @throws AnswerError unless the data of all is the same, byte for byte */
export function expectAlike(subject: Case, answers: readonly Answer[]): void {
  const [first, ...others] = answers.map(({ candidate, body }) => {
    const data = dataOf(candidate, body);
    return { candidate, data: subject.writes ? withoutWhatIsGenerated(data) : data };
  });
  if (first === undefined) return;
  for (const { candidate, data } of others) {
    if (data === first.data) continue;
    const place = firstDifference(data, first.data);
    const around = (text: string) => text.slice(Math.max(0, place - 40), place + 40);
    throw new AnswerError(
      `${candidate.title} does not answer "${subject.name}" as ${first.candidate.title} does. At character ${String(place)} of ` +
        `the data it has\n  …${around(data)}…\nand not\n  …${around(first.data)}…`,
    );
  }
}

function firstDifference(one: string, other: string): number {
  let place = 0;
  while (place < one.length && one[place] === other[place]) place += 1;
  return place;
}

/** Checks the responses of a trial: a read returns the same bytes each time, a write succeeds. */
export function acceptor(subject: Case, { body }: Answer): (response: string) => boolean {
  if (!subject.writes) return (response) => response === body;
  const opening = /^\{"data":\{"\w+":\{"success":true,/;
  return (response) => opening.test(response) && !response.includes('"errors"');
}

const responseSchema = z.strictObject({ data: z.record(z.string(), z.unknown()) });
const BEFORE_DATA = '{"data":';
const AFTER_DATA = '}';

/** The text of the data as it was sent. */
function dataOf({ title }: Candidate, body: string): string {
  const text = body.trim();
  if (!responseSchema.safeParse(JSON.parse(text)).success || !text.startsWith(BEFORE_DATA)) {
    throw new AnswerError(`${title} answers more than data, or less: ${text.slice(0, 500)}`);
  }
  return text.slice(BEFORE_DATA.length, -AFTER_DATA.length);
}

/** Ids, also inside ARNs, and times differ from store to store. */
function withoutWhatIsGenerated(data: string): string {
  return data
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, 'TIME');
}
