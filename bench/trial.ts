import autocannon, { type Options as LoadOptions, type Result } from 'autocannon';

import { percentile } from './statistics';

export interface Load {
  readonly url: string;
  readonly seconds: number;
  /** Requests in flight at a time. */
  readonly connections: number;
  readonly nextBody: () => string;
  /** Whether a response is correct. Called for every response. */
  readonly accepts: (body: string) => boolean;
  /** The CPU time that the server has used so far, in milliseconds; undefined when this system does not report it. */
  readonly cpuTime: () => number | undefined;
}

/** The result of one trial. */
export interface Trial {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** The median latency in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The server's CPU time per request in milliseconds, user and system together; undefined when this system does not report it. */
  readonly cpuMs: number | undefined;
}

/** A trial had a wrong response or a failed connection. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
}

export const REQUEST_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** How often the load generator checks whether to stop, in milliseconds. Its default is a second. */
const SAMPLE_INTERVAL_MS = 50;

/** How long it may take until every connection has had one response. */
const MAX_SECONDS_TO_START = 60;

/**
 * Puts a load on a server and measures it.
 * @throws TrialError if a response is not 200, or not accepted
 */
export async function runTrial({
  url,
  seconds,
  connections,
  nextBody,
  accepts,
  cpuTime,
}: Load): Promise<Trial> {
  let wrongResponse: string | undefined;
  const window = measuringWindow(seconds, connections, cpuTime);
  const result = await generateLoad(
    {
      url,
      connections,
      duration: MAX_SECONDS_TO_START + seconds,
      timeout: MAX_SECONDS_TO_START,
      sampleInt: SAMPLE_INTERVAL_MS,
      method: 'POST',
      headers: REQUEST_HEADERS,
      requests: [{ setupRequest: (request) => ({ ...request, body: nextBody() }) }],
      verifyBody(body) {
        const text = String(body);
        if (accepts(text)) return true;
        wrongResponse ??= text;
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
        `${url} failed the trial: ${String(mismatches)} wrong responses, ${String(errors)} failed connections` +
          `${others.length > 0 ? `, status ${others.join(', ')}` : ''}.`,
        ...(wrongResponse === undefined ? [] : [`The first wrong response: ${wrongResponse.slice(0, 500)}`]),
      ].join('\n'),
    );
  }
  const measured = window.measured();
  if (measured === undefined) throw new TrialError(`${url} sent too few responses to measure.`);
  const { elapsed, cpu, latencies } = measured;
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    requestsPerSecond: (latencies.length / elapsed) * 1000,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    cpuMs: cpu === undefined ? undefined : cpu / latencies.length,
  };
}

/**
 * Measures from when every connection has had one response. Node.js accepts one connection in each turn of its event loop, so a
 * slow server reaches its full load late, and its first latencies are not representative.
 */
function measuringWindow(seconds: number, connections: number, cpuTime: Load['cpuTime']) {
  const responded = new Set<unknown>();
  // The load generator's own histogram has whole milliseconds only.
  const latencies: number[] = [];
  let startedAt: number | undefined;
  let cpuBefore: number | undefined;
  let end: { readonly elapsed: number; readonly cpu: number | undefined } | undefined;
  return {
    /** Records a response. Calls `stop` when the time is over. */
    record: (client: unknown, latency: number, stop: () => void): void => {
      if (end !== undefined) return;
      if (startedAt === undefined) {
        responded.add(client);
        if (responded.size < connections) return;
        cpuBefore = cpuTime();
        startedAt = performance.now();
        setTimeout(() => {
          const elapsed = performance.now() - (startedAt ?? 0);
          const cpuAfter = cpuTime();
          const cpu = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
          end = { elapsed, cpu };
          stop();
        }, seconds * 1000);
        return;
      }
      latencies.push(latency);
    },
    measured: () => (end === undefined || latencies.length === 0 ? undefined : { ...end, latencies }),
  };
}

function generateLoad(
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
