import autocannon, { type Options as LoadOptions, type Result } from 'autocannon';

import type { Exchange, Traffic } from './cases';
import { percentile } from './statistics';

export interface Load {
  /** How messages name what is measured. */
  readonly title: string;
  /** Each connection sends its requests to one of them. */
  readonly urls: readonly string[];
  readonly seconds: number;
  /** Requests in flight at a time. */
  readonly connections: number;
  readonly traffic: Traffic;
  /** Whether a response is correct. Called for every response. */
  readonly accepts: (exchange: Exchange, body: string) => boolean;
  /** The CPU times that the server and the gateway have used so far. */
  readonly cpuTimes: () => CpuTimes;
  /** The memory that the server has in RAM, in MiB; undefined where the system does not report it. */
  readonly memory: () => number | undefined;
  /** Rejects when the server has ended. */
  readonly ended: Promise<never>;
}

/** CPU times in milliseconds, user and system together; undefined when there is no such process, or this system does not report them. */
export interface CpuTimes {
  readonly server: number | undefined;
  /** The gateway in front of the server. */
  readonly gateway: number | undefined;
}

/** The result of one trial. */
export interface Trial {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** The median latency in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The CPU time per request. */
  readonly cpuMs: CpuTimes;
  /** The memory that the server had in RAM at the end. */
  readonly memoryMiB: number | undefined;
}

/** A trial had a wrong response or a failed connection. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
}

export const REQUEST_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** How often the load generator checks whether to stop, in milliseconds. Its default is a second. */
const SAMPLE_INTERVAL_MS = 50;

/** How long it may take until every connection has had one response. */
const MAX_SECONDS_TO_START = 30;

/**
 * Puts a load on a server and measures it.
 * @throws TrialError if a response is not 200, or not accepted
 */
export async function runTrial(load: Load): Promise<Trial> {
  const { title, urls, seconds, connections, traffic, accepts, memory } = load;
  let wrong = 0;
  let firstWrong: string | undefined;
  const window = measuringWindow(load);
  const result = await generateLoad(
    {
      // Its types don't know that it divides its connections among several URLs.
      url: [...urls] as unknown as string,
      connections,
      duration: MAX_SECONDS_TO_START + seconds,
      timeout: MAX_SECONDS_TO_START,
      sampleInt: SAMPLE_INTERVAL_MS,
      method: 'POST',
      headers: REQUEST_HEADERS,
      requests: [
        {
          // The context belongs to the connection, which has one request in flight.
          setupRequest(request, context: Partial<InFlight>) {
            context.exchange = traffic();
            return { ...request, body: context.exchange.body };
          },
          onResponse(_status, body, { exchange }: Partial<InFlight>) {
            if (exchange && accepts(exchange, body)) return;
            wrong += 1;
            firstWrong ??= body;
          },
        },
      ],
    },
    window.record,
    load.ended,
  ).finally(window.close);
  const { errors, statusCodeStats } = result;
  const others = Object.keys(statusCodeStats ?? {}).filter((status) => status !== '200');
  if (errors > 0 || wrong > 0 || others.length > 0) {
    throw new TrialError(
      [
        `${title} failed the trial: ${String(wrong)} wrong responses, ${String(errors)} failed connections` +
          `${others.length > 0 ? `, status ${others.join(', ')}` : ''}.`,
        ...(firstWrong === undefined ? [] : [`The first wrong response: ${firstWrong.slice(0, 500)}`]),
      ].join('\n'),
    );
  }
  const measured = window.measured();
  if (measured === undefined) throw new TrialError(`${title} sent too few responses to measure.`);
  const { elapsed, cpuTimes, latencies } = measured;
  const perRequest = (time: number | undefined) => (time === undefined ? undefined : time / latencies.length);
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    requestsPerSecond: (latencies.length / elapsed) * 1000,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    cpuMs: { server: perRequest(cpuTimes.server), gateway: perRequest(cpuTimes.gateway) },
    memoryMiB: memory(),
  };
}

interface InFlight {
  exchange: Exchange;
}

/**
 * Measures from when every connection has had one response. Node.js accepts one connection in each turn of its event loop, so a
 * slow server reaches its full load late, and its first latencies are not representative.
 */
function measuringWindow({ seconds, connections, cpuTimes }: Load) {
  const responded = new Set<unknown>();
  // The load generator's own histogram has whole milliseconds only.
  const latencies: number[] = [];
  let start: { readonly at: number; readonly cpuTimes: CpuTimes } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let used: { readonly elapsed: number; readonly cpuTimes: CpuTimes } | undefined;

  function usedSince({ at, cpuTimes: before }: NonNullable<typeof start>) {
    const elapsed = performance.now() - at;
    const after = cpuTimes();
    return {
      elapsed,
      cpuTimes: {
        server: difference(after.server, before.server),
        gateway: difference(after.gateway, before.gateway),
      },
    };
  }

  return {
    /** Records a response. Calls `stop` when the time is over. */
    record: (client: unknown, latency: number, stop: () => void): void => {
      if (used) return;
      if (start) {
        latencies.push(latency);
        return;
      }
      responded.add(client);
      if (responded.size < connections) return;
      const started = { cpuTimes: cpuTimes(), at: performance.now() };
      start = started;
      timer = setTimeout(() => {
        used = usedSince(started);
        stop();
      }, seconds * 1000);
    },
    /** Ends the measuring, also when its time is not over. */
    close: () => {
      clearTimeout(timer);
    },
    measured: () => (used === undefined || latencies.length === 0 ? undefined : { ...used, latencies }),
  };
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}

function generateLoad(
  options: LoadOptions,
  onResponse: (client: unknown, milliseconds: number, stop: () => void) => void,
  ended: Promise<never>,
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
    ended.catch((error: unknown) => {
      stop();
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
