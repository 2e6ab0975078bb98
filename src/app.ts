import type { KeyObject } from 'node:crypto';

import type { Logger } from 'pino';

import type { Config, EmbeddedProtonConfig, EndpointConfig, SdkProtonConfig } from './config';
import { createAuthentication } from './authentication/authentication';
import { reportKeysTo } from './authentication/report-keys';
import { createAccessKeys, type AccessKeys } from './endpoint/access-keys/access-keys';
import { believeNamedAccount } from './endpoint/authentication/named-account';
import { verifySignature } from './endpoint/authentication/signature';
import { createEndpoint } from './endpoint/endpoint';
import { OPERATIONS } from './endpoint/operations/operations';
import { createAdminServer } from './http/admin-server';
import { viewerOf } from './http/authentication-person';
import { createAdmission, type Admission } from './http/admission';
import { createEndpointServer } from './http/endpoint-server';
import { storeChecks, type Checks } from './http/readiness';
import type { ServerLifecycle } from './http/server-lifecycle';
import type { ServerTiming } from './http/server-timing';
import { stopServers } from './http/stop-servers';
import { createSubjectBudgets } from './http/subject-limits';
import { createWebServer } from './http/web-server';
import {
  createEmbeddedProtonService,
  type EmbeddedProtonService,
} from './proton/embedded/embedded-proton-service';
import { observeStore } from './proton/embedded/observed-store';
import { openSqliteStore, type SqliteStore } from './proton/embedded/sqlite/sqlite-store';
import { observeProtonService } from './proton/observed-proton-service';
import type { ProtonService } from './proton/proton-service';
import { createContext } from './subgraph/context';
import { reportStoreTo } from './telemetry/report-store';
import { createTelemetry, type Telemetry } from './telemetry/telemetry';
import type { Tracing } from './telemetry/tracing';
import type { TracingSettings } from './telemetry/tracing-variables';

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

/** Is told of what goes wrong on our side, and in which request, if it was in one. */
type ReportFault = (error: unknown, requestId?: string) => void;

/** Where connections are kept, and what comes along with that. */
interface BackEnd {
  readonly proton: ProtonService;
  /** The control plane's front door for AWS clients, where it is in this process and open. */
  readonly endpoint: ServerLifecycle | undefined;
  /** The access keys in its store; undefined where there is none. */
  readonly accessKeysUnder: ((encryptionKey: KeyObject) => AccessKeys) | undefined;
  /** What must be well for it to serve. */
  readonly checks: Checks;
  readonly close: () => Promise<void>;
}

/** What all servers for clients have in common. */
interface Traffic {
  readonly admission: Admission;
  readonly timing: ServerTiming;
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
  const reportFault: ReportFault = (error, requestId) => {
    logger.error({ requestId, err: error }, 'a request failed');
  };
  const tracing = tracingSettings && (await startedTracing(tracingSettings, logger));
  const telemetry = createTelemetry({ logger, traced: tracing !== undefined });
  const traffic = trafficOf(config);
  const { proton, endpoint, checks, accessKeysUnder, close } =
    config.proton.kind === 'embedded'
      ? embeddedBackEnd(config.proton, telemetry, traffic, logger, reportFault)
      : await sdkBackEnd(config.proton, telemetry, logger);
  const { router, person } = config.authentication;
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
    budgets: person && createSubjectBudgets(config.limits.subject),
    explorable: !config.production,
    logger,
    reportFault,
    observe: telemetry.requestEnded,
    traced: telemetry.traced,
    authentication,
    limits: config.limits,
    executionMs: config.timing.executionMs,
    contextFor: (request, client) =>
      createContext(
        proton,
        viewerOf(request),
        (error) => {
          reportFault(error, request.id);
        },
        client,
      ),
  });
  telemetry.metrics.showTraffic(traffic.admission.counts);
  telemetry.metrics.nameOperations([...web.operations, ...OPERATIONS.keys()]);

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
      await giveBack();
      throw error;
    }
  }

  async function stop({ delayed }: StopOptions): Promise<number> {
    // What has not started can't be stopped; where that failed, everything has been given back.
    if (started && (await failed(started))) return 0;
    phase = 'draining';
    const { delayMs } = config.timing.shutdown;
    const cut = await stopServers(endpoint ? [web, endpoint] : [web], delayed ? delayMs : 0);
    await giveBack();
    return cut;
  }

  /** The admin server goes last, so that who watches sees the end. */
  async function giveBack(): Promise<void> {
    authentication.stop();
    await close();
    await tracing?.stop();
    await admin?.stop();
  }

  return {
    start: () => (started ??= start()),
    stop: (options = { delayed: true }) => (stopped ??= stop(options)),
  };
}

function trafficOf({ limits, timing: { requestMs, keepAliveMs, shutdown } }: Config): Traffic {
  return {
    admission: createAdmission(limits.inFlight),
    timing: { headerMs: requestMs, requestMs, keepAliveMs, stopGraceMs: shutdown.graceMs },
  };
}

async function failed(work: Promise<unknown>): Promise<boolean> {
  const [{ status }] = await Promise.allSettled([work]);
  return status === 'rejected';
}

/** Loaded here, for it takes its time, and nobody who does not trace should wait for it. */
async function startedTracing(settings: TracingSettings, logger: Logger): Promise<Tracing> {
  const { startTracing } = await import('./telemetry/tracing.js');
  return startTracing(settings, logger);
}

function embeddedBackEnd(
  { store: storeOptions, controlPlane, endpoint }: EmbeddedProtonConfig,
  telemetry: Telemetry,
  traffic: Traffic,
  logger: Logger,
  reportFault: ReportFault,
): BackEnd {
  const store = openSqliteStore({ ...storeOptions, report: reportStoreTo(logger) });
  const service = createEmbeddedProtonService({
    store: observeStore(store, telemetry.aroundStore),
    settings: controlPlane,
  });
  const proton = observeProtonService(service, telemetry.aroundProton);
  telemetry.metrics.showConnections(store.countByStatus);
  return {
    proton,
    endpoint: endpoint && endpointBefore(proton, store, endpoint, telemetry, traffic, reportFault),
    accessKeysUnder: (encryptionKey) => createAccessKeys({ store: store.accessKeys, encryptionKey }),
    checks: storeChecks(store.health),
    async close() {
      await service.drained();
      await store.close();
    },
  };
}

async function sdkBackEnd(
  { credentials, ...settings }: SdkProtonConfig,
  telemetry: Telemetry,
  logger: Logger,
): Promise<BackEnd> {
  // Loaded here, for AWS's SDK takes as long to load as half of the rest, and few use it.
  const [{ createSdkProtonService }, { credentialProviders }] = await Promise.all([
    import('./proton/sdk/sdk-proton-service.js'),
    import('./proton/sdk/credential-providers.js'),
  ]);
  const service = createSdkProtonService({
    ...settings,
    credentialsFor: credentialProviders(credentials),
    around: telemetry.aroundSdk,
    report: ({ kind, error, ...said }) => {
      if (kind === 'trouble') logger.warn({ ...said, err: error }, 'Proton could not be asked');
      else logger.info(said, 'Proton refused what was asked');
    },
    warn: (warning) => {
      logger.warn(warning);
    },
  });
  return {
    proton: observeProtonService(service, telemetry.aroundProton),
    endpoint: undefined,
    accessKeysUnder: undefined,
    // Proton is not asked whether it is well: that it throttles one server is no reason to take all of them out.
    checks: {},
    close() {
      service.close();
      return Promise.resolve();
    },
  };
}

function endpointBefore(
  service: Pick<EmbeddedProtonService, 'session'>,
  store: SqliteStore,
  { auth, ...address }: EndpointConfig,
  telemetry: Telemetry,
  traffic: Traffic,
  reportFault: ReportFault,
): BackEnd['endpoint'] {
  const accessKeys =
    auth.kind === 'sigv4'
      ? createAccessKeys({ store: store.accessKeys, encryptionKey: auth.encryptionKey })
      : undefined;
  const authenticate = accessKeys ? verifySignature({ accessKeys }) : believeNamedAccount();
  const server = createEndpointServer({
    ...traffic,
    address,
    anyHostName: auth.kind !== 'none',
    endpoint: createEndpoint({ service, authenticate, reportFault }),
    reportFault,
    observe: telemetry.requestEnded,
    traced: telemetry.traced,
  });
  return {
    ...server,
    async start() {
      // An encryption key that opens nothing would have every caller fail, one by one.
      await accessKeys?.bind();
      return server.start();
    },
  };
}
