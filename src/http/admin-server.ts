import { createServerWithoutBodies } from './lifecycle/server-without-bodies';
import type { Address } from './lifecycle/listen';
import { createLifecycle, type ServerLifecycle } from './lifecycle/server-lifecycle';
import { DEFAULT_TIMING, type ServerTiming } from './lifecycle/server-options';

/** `ok`, or a sentence for the operator that says what is wrong. */
export type CheckResult = 'ok' | (string & {});

/** The checks that must pass before this server should receive requests, by their names in the response. */
export type Checks = Readonly<Record<string, () => CheckResult | Promise<CheckResult>>>;

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** Probes usually time out after one second. A check that takes longer than this fails. */
const MAX_CHECK_MS = 900;

/**
 * Runs all checks at the same time.
 * @param reportFault receives the error of a check that throws; the check counts as failed
 */
export async function checkReadiness(
  checks: Checks,
  reportFault: (error: unknown) => void,
): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<readonly [string, CheckResult]> => {
      try {
        return [name, await withTimeout(check)];
      } catch (error) {
        reportFault(error);
        return [name, 'could not be checked; the log says why'];
      }
    }),
  );
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
}

async function withTimeout(check: () => CheckResult | Promise<CheckResult>): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(resolve, MAX_CHECK_MS, `did not respond within ${String(MAX_CHECK_MS)} ms`);
  });
  try {
    return await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const VARIABLES = { host: 'HOST', port: 'ADMIN_PORT' };

const PATHS = { live: '/health/live', ready: '/health/ready', metrics: '/metrics' };

/** Probes need current results, and browsers should not guess a content type. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** The metrics as text, in the format that the content type names. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

export interface AdminServerOptions {
  readonly address: Address;
  /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
  readonly checkHostHeader: boolean;
  readonly checks: Checks;
  readonly metrics: () => Promise<MetricsPage>;
  /** Receives unexpected errors. */
  readonly reportFault: (error: unknown) => void;
  readonly timing?: ServerTiming;
}

/**
 * The server for health and metrics. It has its own port, so that it responds while the other servers are full or draining, and so
 * that it need not be exposed to clients.
 */
export function createAdminServer({
  address,
  checkHostHeader,
  checks,
  metrics,
  reportFault,
  timing = DEFAULT_TIMING,
}: AdminServerOptions): ServerLifecycle {
  const server = createServerWithoutBodies({ timing, checkHostHeader, errorHeaders: HEADERS, reportFault });
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(HEADERS);
    done();
  });

  // A response shows that the event loop runs. There is nothing else to check.
  server.get(PATHS.live, () => ({ live: true }));
  server.get(PATHS.ready, async (_request, reply) => {
    const readiness = await checkReadiness(checks, reportFault);
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get(PATHS.metrics, async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.header('content-type', contentType).send(text);
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ message: `There is GET ${Object.values(PATHS).join(', ')}.` }),
  );
  return createLifecycle(server, address, { ...timing, variables: VARIABLES });
}
