import type { Candidate } from './candidates';
import type { Exchange } from './cases';
import { REQUEST_HEADERS } from './trial';

/** A candidate's response is wrong. Measuring it would compare different work. */
export class ResponseMismatchError extends Error {
  override readonly name = 'ResponseMismatchError';
}

/** How long a candidate may take to respond to a single request, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 30_000;

/**
 * Sends one request before anything is measured.
 * @param what the name of the case, for messages
 * @returns the body of the response, unchanged
 * @throws ResponseMismatchError if the status is not 200, the response is not the expected one, or there is none in time
 */
export async function send(
  { title }: Candidate,
  url: string,
  what: string,
  exchange: Exchange,
  timeoutMs = RESPONSE_TIMEOUT_MS,
): Promise<string> {
  const { status, body } = await post(url, exchange.body, timeoutMs).catch((error: unknown) => {
    throw new ResponseMismatchError(
      `${title} does not respond to "${what}" within ${String(timeoutMs / 1_000)} s: ${String(error)}`,
      { cause: error },
    );
  });
  if (status === 200 && isExpected(exchange, body)) return body;
  const expected = `${BEFORE_DATA}${exchange.data}${AFTER_DATA}`;
  const actual = comparable(exchange, body);
  const place = firstDifference(actual, expected);
  const around = (text: string) => text.slice(Math.max(0, place - 60), place + 200);
  throw new ResponseMismatchError(
    `${title} responds to "${what}" with status ${String(status)}. At character ${String(place)} the response is\n` +
      `  …${around(actual)}…\ninstead of\n  …${around(expected)}…`,
  );
}

const BEFORE_DATA = '{"data":';
const AFTER_DATA = '}';

/** Whether a response has exactly the expected data and nothing else, byte for byte; ids and times may differ where they are new. */
export function isExpected(exchange: Exchange, body: string): boolean {
  const { data } = exchange;
  const text = comparable(exchange, body);
  return (
    text.startsWith(BEFORE_DATA) &&
    text.startsWith(data, BEFORE_DATA.length) &&
    // Some servers end the response with a line feed.
    text.slice(BEFORE_DATA.length + data.length).trimEnd() === AFTER_DATA
  );
}

function comparable({ generates }: Exchange, body: string): string {
  return generates ? withoutGeneratedValues(body) : body;
}

/** Masks ids, also inside ARNs, and times, which the server generates. */
function withoutGeneratedValues(body: string): string {
  return body
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, 'TIME');
}

async function post(url: string, body: string, timeoutMs: number) {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { method: 'POST', headers: REQUEST_HEADERS, body, signal });
  return { status: response.status, body: await response.text() };
}

function firstDifference(one: string, other: string): number {
  let place = 0;
  while (place < one.length && one[place] === other[place]) place += 1;
  return place;
}
