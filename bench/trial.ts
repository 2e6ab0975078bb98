import autocannon, { type Options as LoadOptions, type Result } from 'autocannon';

import { percentile } from './statistics';

export interface Load {
  readonly url: string;
  readonly seconds: number;
  /** Requests under way at a time. */
  readonly connections: number;
  readonly nextBody: () => string;
  /** Whether a response is correct. Called for every response. */
  readonly accepts: (body: string) => boolean;
}

/** What one trial measured. */
export interface Trial {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Milliseconds that half of the responses took at most. */
  readonly p50: number;
  readonly p99: number;
}

/** A trial in which a request was not answered as it should be. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
}

export const REQUEST_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** How often the load generator looks whether it is to stop, in milliseconds. Its default is a second. */
const SAMPLE_INTERVAL = 50;

/** How long it may take until every connection has been answered once. */
const MOST_SECONDS_TO_BEGIN = 60;

/**
 * Puts a load on a server and measures it.
 * @throws TrialError when one response was not 200, or not accepted
 */
export async function runTrial({ url, seconds, connections, nextBody, accepts }: Load): Promise<Trial> {
  let refused: string | undefined;
  const window = measuringWindow(seconds, connections);
  const result = await cannonade(
    {
      url,
      connections,
      duration: MOST_SECONDS_TO_BEGIN + seconds,
      timeout: MOST_SECONDS_TO_BEGIN,
      sampleInt: SAMPLE_INTERVAL,
      method: 'POST',
      headers: REQUEST_HEADERS,
      requests: [{ setupRequest: (request) => ({ ...request, body: nextBody() }) }],
      verifyBody(body) {
        const text = String(body);
        if (accepts(text)) return true;
        refused ??= text;
        return false;
      },
    },
    window.record,
  );
  const { errors, mismatches, statusCodeStats } = result;
  const others = Object.keys(statusCodeStats ?? {}).filter((status) => status !== '200');
  if (errors > 0 || mismatches > 0 || others.length > 0) {
    throw new TrialError(
      [
        `${url} did not answer as it should: ${String(mismatches)} wrong responses, ${String(errors)} failed connections` +
          `${others.length > 0 ? `, status ${others.join(', ')}` : ''}.`,
        ...(refused === undefined ? [] : [`The first wrong response: ${refused.slice(0, 500)}`]),
      ].join('\n'),
    );
  }
  const measured = window.measured();
  if (measured === undefined) throw new TrialError(`${url} answered too little to be measured.`);
  const { elapsed, latencies } = measured;
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    requestsPerSecond: (latencies.length / elapsed) * 1000,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  };
}

/**
 * The time that counts begins when every connection has been answered once. Node.js accepts one connection in each turn of its
 * event loop, so a server that is slow to answer is long without its full load, and its first latencies say nothing of the rest.
 */
function measuringWindow(seconds: number, connections: number) {
  const answered = new Set<unknown>();
  // Kept here because the load generator's own histogram knows whole milliseconds only.
  const latencies: number[] = [];
  let began: number | undefined;
  let elapsed: number | undefined;
  return {
    /** Takes a response, and calls `stop` when the time is over. */
    record: (client: unknown, latency: number, stop: () => void): void => {
      if (elapsed !== undefined) return;
      if (began === undefined) {
        answered.add(client);
        if (answered.size < connections) return;
        began = performance.now();
        setTimeout(() => {
          elapsed = performance.now() - (began ?? 0);
          stop();
        }, seconds * 1000);
        return;
      }
      latencies.push(latency);
    },
    measured: () => (elapsed === undefined || latencies.length === 0 ? undefined : { elapsed, latencies }),
  };
}

function cannonade(
  options: LoadOptions,
  onResponse: (client: unknown, milliseconds: number, stop: () => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const instance = autocannon(options, (error: unknown, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result);
    });
    const stop = () => {
      instance.stop();
    };
    instance.on('response', (client, _status, _bytes, milliseconds) => {
      onResponse(client, milliseconds, stop);
    });
  });
}
