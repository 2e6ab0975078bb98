import { setTimeout as wait } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { BackEnd, BackEndDependencies, ReportFault, Traffic } from './back-end';
import { embeddedBackEnd } from './embedded-back-end';
import { sdkBackEnd } from './sdk-back-end';
import { createAuthentication } from '../authentication/authentication';
import type { KeyReport } from '../authentication/user/issuer-keys';
import type { Config } from '../config/config';
import { storeErrorOf } from '../control-plane/sqlite/errors';
import { StoreError } from '../control-plane/store-errors';
import { OPERATIONS } from '../aws-api/operations/operations';
import { createAdminServer } from '../http/admin-server';
import { createBodyReader } from '../http/body/body-budget';
import { createConsoleServer } from '../http/console/console-server';
import { Admission } from '../http/hooks/admission-queue';
import { viewerOf } from '../http/hooks/authenticate-user';
import { createRateLimits } from '../http/hooks/rate-limits';
import { stopServers } from '../http/lifecycle/server-lifecycle';
import { createGraphqlServer } from '../http/graphql-server';
import type { SubscriptionOptions } from '../http/subscriptions';
import { ProtonFailure } from '../proton/failure';
import type { ProtonService } from '../proton/proton-service';
import { openSession } from '../subgraph/context';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry';
import type { Tracing } from '../telemetry/tracing';
import type { TracingSettings } from '../config/tracing';

export interface App {
  /**
   * Resolves when the servers accept requests. When it rejects, everything has been released.
   * @throws ListenError, AccessKeyError
   */
  readonly start: () => Promise<AppUrls>;
  /**
   * Turns readiness off, finishes running requests, makes their writes durable and closes the store. A second call returns the first
   * call's promise.
   * @returns how many requests were cut because they took longer than the grace period
   */
  readonly stop: (options?: StopOptions) => Promise<number>;
}

export interface StopOptions {
  /** Whether to keep serving for the configured delay first. */
  readonly delayed: boolean;
}

/** Where the servers listen. */
export interface AppUrls {
  readonly graphql: string;
  /** The server for AWS clients; undefined when there is none. */
  readonly protonEndpoint: string | undefined;
  /** The server for health and metrics; undefined when it is turned off. */
  readonly admin: string | undefined;
  /** The console; undefined when it is turned off or was not built. */
  readonly console: string | undefined;
}

/**
 * The composition root: the only place that chooses adapters.
 * @param tracingSettings undefined turns tracing off
 * @throws StoreOpenError when the database can't be opened
 */
export async function createApp(
  config: Config,
  logger: Logger,
  tracingSettings?: TracingSettings,
): Promise<App> {
  const reportFault = reportFaultsTo(logger);
  const tracing = tracingSettings && (await loadTracing(tracingSettings, logger));
  const telemetry = createTelemetry({ logger, traced: tracing !== undefined });
  const traffic = trafficOf(config);
  const { proton, awsServer, events, checks, accessKeysUnder, close } = await createBackEnd(config, {
    telemetry,
    traffic,
    logger,
    reportFault,
  });
  const { router, user } = config.authentication;
  const routerKeys = router?.kind === 'sigv4' ? accessKeysUnder?.(router.encryptionKey) : undefined;
  const authentication = await createAuthentication(config.authentication, {
    findKey: async (id) => routerKeys?.find(id),
    reportKeys: reportKeysTo(logger),
  });
  const pages = config.console && { settings: config.console, withExplorer: !config.production };
  const web = createGraphqlServer({
    ...traffic,
    address: config.http,
    checkHostHeader: config.http.checkHostHeader,
    corsOrigins: config.http.corsOrigins,
    rateLimits: user && (await createRateLimits(config.limits.subject)),
    introspectionEnabled: !config.production,
    console: config.console?.onGraphqlPort === true ? pages : undefined,
    logger,
    reportFault,
    subscriptions: subscriptionOptions(config, proton, telemetry),
    observe: telemetry.requestEnded,
    traced: telemetry.traced,
    authentication,
    limits: config.limits,
    contextFor(request, client) {
      const viewer = viewerOf(request);
      return {
        session: openSession(proton, viewer, client),
        viewer,
        trustPolicyDefaults: config.trustPolicies,
        reportFault(error) {
          // A read that stopped because its request had ended is no fault.
          if (error !== client.signal.reason) reportFault(error, request.id);
        },
      };
    },
  });
  telemetry.metrics.subscriptions.watchSockets(web.openSockets);
  telemetry.metrics.watchAdmission(() => traffic.admission.counts());
  telemetry.metrics.addOperations([...web.operations, ...OPERATIONS.keys()]);

  const listener = config.console?.listener;
  const consoleServer =
    pages &&
    listener &&
    createConsoleServer({ ...pages, ...listener, address: listener, reportFault, timing: traffic.timing });

  let phase: 'starting' | 'serving' | 'draining' = 'starting';
  const admin =
    config.admin &&
    createAdminServer({
      address: config.admin,
      checkHostHeader: config.http.checkHostHeader,
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
      // Before the first write, which a new destination must get.
      await events?.start();
      const protonEndpoint = await awsServer?.start();
      const consoleOrigin = await consoleServer?.start();
      const graphql = await web.start();
      phase = 'serving';
      const consolePath = (consoleServer ?? web).pages.console;
      return {
        graphql,
        protonEndpoint,
        admin: adminUrl,
        console: consolePath && new URL(consolePath, consoleOrigin ?? graphql).href,
      };
    } catch (error) {
      await Promise.all([awsServer?.stop(), consoleServer?.stop()]);
      await events?.stop(0);
      await release(performance.now());
      throw error;
    }
  }

  async function stop({ delayed }: StopOptions): Promise<number> {
    // A failed start has already released everything.
    if (started && (await failed(started))) return 0;
    phase = 'draining';
    const { delayMs, graceMs } = config.timing.shutdown;
    const delay = delayed ? delayMs : 0;
    const deadline = performance.now() + delay + graceMs;
    const servers = [web, awsServer, consoleServer].filter((server) => server !== undefined);
    const [cut] = await Promise.all([
      stopServers(servers, delay),
      // What is being sent has the same time as requests.
      wait(delay).then(() => events?.stop(graceMs)),
    ]);
    await release(deadline);
    return cut;
  }

  /** Stops the admin server last, so that probes and metrics work until the end. */
  async function release(deadline: number): Promise<void> {
    const leftMs = () => Math.max(0, deadline - performance.now());
    authentication.stop();
    await close(leftMs());
    await tracing?.stop();
    await admin?.stop(leftMs());
  }

  return {
    start: () => (started ??= start()),
    stop: (options = { delayed: true }) => (stopped ??= stop(options)),
  };
}

async function createBackEnd(
  { proton, events }: Config,
  dependencies: BackEndDependencies,
): Promise<BackEnd> {
  return proton.kind === 'embedded'
    ? embeddedBackEnd(proton, events, dependencies)
    : sdkBackEnd(proton, dependencies);
}

function subscriptionOptions(
  { subscriptions: { sockets, maxQueue, callbacks }, trustPolicies }: Config,
  proton: ProtonService,
  telemetry: Telemetry,
): SubscriptionOptions {
  return {
    source: proton,
    openSession: (viewer, end) => openSession(proton, viewer, end),
    trustPolicyDefaults: trustPolicies,
    observe: telemetry.subscriptions,
    maxWaiting: maxQueue,
    callbacks,
    sockets,
  };
}

function trafficOf({ limits, timing: { requestMs, executionMs, keepAliveMs, shutdown } }: Config): Traffic {
  return {
    admission: new Admission(limits.inFlight),
    bodyReader: createBodyReader(),
    executionMs,
    timing: { headerMs: requestMs, requestMs, keepAliveMs, stopGraceMs: shutdown.graceMs },
  };
}

async function failed(work: Promise<unknown>): Promise<boolean> {
  const [{ status }] = await Promise.allSettled([work]);
  return status === 'rejected';
}

/** A store error is logged in full when it starts, so requests that fail because of it log only its message. */
function reportFaultsTo(logger: Logger): ReportFault {
  return (error, requestId) => {
    const cause = error instanceof ProtonFailure ? error.cause : undefined;
    const storeError = cause instanceof StoreError ? cause : storeErrorOf(cause);
    if (storeError) logger.error({ requestId, reason: storeError.message }, 'a request failed');
    else logger.error({ requestId, err: error }, 'a request failed');
  };
}

/** Imports tracing only when it is on: the module loads slowly. */
async function loadTracing(settings: TracingSettings, logger: Logger): Promise<Tracing> {
  const { startTracing } = await import('../telemetry/tracing.ts');
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
