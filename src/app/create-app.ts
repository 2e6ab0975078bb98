import type { Logger } from 'pino';

import { embeddedBackEnd } from './embedded-back-end';
import type { BackEnd, Surroundings, Traffic } from './back-end';
import { reportFaultsTo } from './report-faults';
import { sdkBackEnd } from './sdk-back-end';
import { createAuthentication } from '../authentication/authentication';
import type { KeyReport } from '../authentication/user/issuer-keys';
import type { Config } from '../config/config';
import { OPERATIONS } from '../aws-api/operations/operations';
import { createAdminServer } from '../http/admin-server';
import { createArrivingBodies } from '../http/body/body-budget';
import { createAdmission } from '../http/hooks/admission-queue';
import { viewerOf } from '../http/hooks/authenticate-user';
import { createSubjectBudgets } from '../http/hooks/rate-limits';
import { stopServers } from '../http/lifecycle/stop-servers';
import { createWebServer } from '../http/graphql-server';
import { createContext } from '../subgraph/context';
import { createTelemetry } from '../telemetry/telemetry';
import type { Tracing } from '../telemetry/tracing';
import type { TracingSettings } from '../config/tracing';

export interface App {
  /**
   * Resolves once requests are answered. When it rejects, everything has been given back.
   * @throws ListenError, AccessKeyError
   */
  readonly start: () => Promise<AppUrls>;
  /**
   * Says that it is not ready, answers what is under way, makes it durable, and gives the store back. Calling it again waits for the
   * same end.
   * @returns how many requests were cut, for they took longer than their grace
   */
  readonly stop: (options?: StopOptions) => Promise<number>;
}

export interface StopOptions {
  /** Whether all goes on for a while before the stop, as it is configured. */
  readonly delayed: boolean;
}

/** Where it listens. */
export interface AppUrls {
  readonly graphql: string;
  /** The endpoint for AWS clients; undefined where there is none. */
  readonly protonEndpoint: string | undefined;
  /** Where health and metrics are; undefined where they are turned off. */
  readonly admin: string | undefined;
}

/**
 * The composition root: the one place that chooses adapters.
 * @param tracingSettings given where requests are to be traced
 * @throws StoreOpenError when the database can't serve
 */
export async function createApp(
  config: Config,
  logger: Logger,
  tracingSettings?: TracingSettings,
): Promise<App> {
  const reportFault = reportFaultsTo(logger);
  const tracing = tracingSettings && (await startedTracing(tracingSettings, logger));
  const telemetry = createTelemetry({ logger, traced: tracing !== undefined });
  const traffic = trafficOf(config);
  const { proton, endpoint, checks, accessKeysUnder, close } = await backEndOf(config, {
    telemetry,
    traffic,
    logger,
    reportFault,
  });
  const { router, user } = config.authentication;
  const routerKeys = router?.kind === 'sigv4' ? accessKeysUnder?.(router.encryptionKey) : undefined;
  const authentication = createAuthentication(config.authentication, {
    findKey: async (id) => routerKeys?.find(id),
    reportKeys: reportKeysTo(logger),
  });
  const web = createWebServer({
    ...traffic,
    address: config.http,
    anyHostName: config.http.anyHostName,
    corsOrigins: config.http.corsOrigins,
    budgets: user && createSubjectBudgets(config.limits.subject),
    introspectionEnabled: !config.production,
    logger,
    reportFault,
    observe: telemetry.requestEnded,
    traced: telemetry.traced,
    authentication,
    limits: config.limits,
    contextFor: (request, client) =>
      createContext(
        proton,
        viewerOf(request),
        (error) => {
          // A read that stopped because its request had ended is no fault.
          if (error !== client.signal.reason) reportFault(error, request.id);
        },
        client,
      ),
  });
  telemetry.metrics.watchAdmission(traffic.admission.counts);
  telemetry.metrics.addOperations([...web.operations, ...OPERATIONS.keys()]);

  let phase: 'starting' | 'serving' | 'draining' = 'starting';
  const admin =
    config.admin &&
    createAdminServer({
      address: config.admin,
      anyHostName: config.http.anyHostName,
      checks: {
        ...checks,
        keys: authentication.keysCheck,
        notDraining: () => (phase === 'serving' ? 'ok' : `the server is ${phase}`),
      },
      metrics: telemetry.metrics.page,
      reportFault,
      timing: traffic.timing,
    });

  let started: Promise<AppUrls> | undefined;
  let stopped: Promise<number> | undefined;

  async function start(): Promise<AppUrls> {
    try {
      const adminUrl = await admin?.start();
      await routerKeys?.bind();
      await authentication.start();
      const protonEndpoint = await endpoint?.start();
      const graphql = await web.start();
      phase = 'serving';
      return { graphql, protonEndpoint, admin: adminUrl };
    } catch (error) {
      await endpoint?.stop();
      await giveBack(0);
      throw error;
    }
  }

  async function stop({ delayed }: StopOptions): Promise<number> {
    // What has not started can't be stopped; where that failed, everything has been given back.
    if (started && (await failed(started))) return 0;
    phase = 'draining';
    const { delayMs, graceMs } = config.timing.shutdown;
    const delay = delayed ? delayMs : 0;
    const until = performance.now() + delay + graceMs;
    const cut = await stopServers(endpoint ? [web, endpoint] : [web], delay);
    await giveBack(Math.max(0, until - performance.now()));
    return cut;
  }

  /** The admin server goes last, so that who watches sees the end. */
  async function giveBack(patienceMs: number): Promise<void> {
    authentication.stop();
    await close(patienceMs);
    await tracing?.stop();
    await admin?.stop();
  }

  return {
    start: () => (started ??= start()),
    stop: (options = { delayed: true }) => (stopped ??= stop(options)),
  };
}

async function backEndOf({ proton }: Config, surroundings: Surroundings): Promise<BackEnd> {
  return proton.kind === 'embedded'
    ? embeddedBackEnd(proton, surroundings)
    : sdkBackEnd(proton, surroundings);
}

function trafficOf({ limits, timing: { requestMs, executionMs, keepAliveMs, shutdown } }: Config): Traffic {
  return {
    admission: createAdmission(limits.inFlight),
    arrivingBodies: createArrivingBodies(),
    executionMs,
    timing: { headerMs: requestMs, requestMs, keepAliveMs, stopGraceMs: shutdown.graceMs },
  };
}

async function failed(work: Promise<unknown>): Promise<boolean> {
  const [{ status }] = await Promise.allSettled([work]);
  return status === 'rejected';
}

/** Loaded here, for it takes its time, and nobody who does not trace should wait for it. */
async function startedTracing(settings: TracingSettings, logger: Logger): Promise<Tracing> {
  const { startTracing } = await import('../telemetry/tracing.js');
  return startTracing(settings, logger);
}

/** Logs the outcome of each fetch of the issuer's keys. */
function reportKeysTo(logger: Logger): (report: KeyReport) => void {
  return (report) => {
    if (report.kind === 'fetched') {
      logger.info({ keys: report.keys }, 'fetched the keys that verify tokens');
    } else if (report.kept > 0) {
      logger.warn(
        { err: report.error, keys: report.kept },
        'could not fetch the keys at AUTH_JWKS_URL; the known keys stay valid',
      );
    } else {
      logger.error(
        { err: report.error },
        'could not fetch the keys at AUTH_JWKS_URL; GraphQL responds with 503 until they are fetched',
      );
    }
  };
}
