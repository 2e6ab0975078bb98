import { setTimeout as wait } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { EventsConfig } from '../config/events';
import type { EmbeddedProtonConfig, AwsServerConfig } from '../config/proton';
import type { StoreConfig } from '../config/store';
import { createAccessKeys } from '../control-plane/access-keys/access-keys';
import { trustAccessKeyId, verifySignature } from '../aws-api/authenticate';
import { createAwsApi } from '../aws-api/aws-api';
import { createAwsServer } from '../http/aws-server';
import { createEmbeddedProtonService, type EmbeddedProtonService } from '../control-plane/control-plane';
import { observeStore, STORE_OPERATIONS, type Store, type StoreHealth } from '../control-plane/store';
import { openSqliteStore } from '../control-plane/sqlite/sqlite-store';
import type { CheckResult, Checks } from '../http/admin-server';
import { instrumentService } from '../proton/instrument-session';
import type { BackEnd, BackEndDependencies } from './back-end';
import { eventDelivery } from './event-delivery';

/**
 * How long scrapes of the metrics share the counts by status, in milliseconds: each count reads an index of the whole table, on
 * PostgreSQL for every replica.
 */
export const COUNTS_TTL_MS: Readonly<Record<StoreConfig['kind'], number>> = {
  sqlite: 15_000,
  postgres: 60_000,
};

/**
 * Creates the control plane in this process, on its own store.
 * @throws StoreOpenError when the database can't be opened
 */
export async function embeddedBackEnd(
  { store: storeConfig, controlPlane, awsServer }: EmbeddedProtonConfig,
  eventsConfig: EventsConfig,
  dependencies: BackEndDependencies,
): Promise<BackEnd> {
  const { telemetry } = dependencies;
  const store = await openStore(storeConfig, eventsConfig, dependencies);
  const service = createEmbeddedProtonService({
    store: observeStore(store, telemetry.aroundStore),
    settings: controlPlane,
    reportFault: dependencies.reportFault,
  });
  const proton = instrumentService(service, telemetry.aroundProton);
  telemetry.metrics.addStoreOperations(STORE_OPERATIONS);
  telemetry.metrics.watchConnections(store.countByStatus, COUNTS_TTL_MS[storeConfig.kind]);
  if (store.pool) telemetry.metrics.watchPool(store.pool);
  telemetry.metrics.watchFeed(store.feed.lag);
  const events = await eventDelivery(eventsConfig, store, dependencies);
  return {
    proton,
    awsServer: awsServer && buildAwsServer(proton, store, awsServer, dependencies),
    accessKeysUnder: (encryptionKey) => createAccessKeys({ store: store.accessKeys, encryptionKey }),
    events,
    checks: storeChecks(store.health),
    async close(timeoutMs) {
      const drained = new AbortController();
      // A write that waits for another process's lock could exceed the grace period.
      const timeout = wait(timeoutMs, undefined, { signal: drained.signal });
      await Promise.race([service.drained(), timeout]);
      drained.abort();
      await events?.close();
      await store.close();
    },
  };
}

/** Opens the store that DATABASE_URL names. @throws StoreOpenError */
async function openStore(
  config: StoreConfig,
  { retentionMs }: Pick<EventsConfig, 'retentionMs'>,
  { telemetry, logger, traffic }: BackEndDependencies,
): Promise<Store> {
  const report = logStoreState(logger);
  if (config.kind === 'sqlite') return openSqliteStore({ ...config, report });
  // Loaded only where it is used, and not at each start on a file.
  const { openPostgresStore } = await import('../control-plane/postgres/postgres-store.ts');
  return openPostgresStore({
    ...config,
    executionMs: traffic.executionMs,
    migrate: config.migrateOnStart,
    feedRetentionMs: retentionMs,
    report,
    listening(error) {
      if (error) logger.warn({ err: error }, 'not listening for changes: polling finds them a little later');
      else logger.info('listening for changes again');
    },
    retried: telemetry.metrics.countStoreRetry,
  });
}

function buildAwsServer(
  service: Pick<EmbeddedProtonService, 'session'>,
  store: Store,
  { auth, ...address }: AwsServerConfig,
  { telemetry, traffic, reportFault }: BackEndDependencies,
): BackEnd['awsServer'] {
  const accessKeys =
    auth.kind === 'sigv4'
      ? createAccessKeys({ store: store.accessKeys, encryptionKey: auth.encryptionKey })
      : undefined;
  const authenticate = accessKeys ? verifySignature({ accessKeys }) : trustAccessKeyId();
  const { executionMs, ...servers } = traffic;
  const server = createAwsServer({
    ...servers,
    address,
    checkHostHeader: auth.kind === 'none',
    api: createAwsApi({ service, authenticate, reportFault, executionMs }),
    reportFault,
    observe: telemetry.requestEnded,
    traced: telemetry.traced,
  });
  return {
    ...server,
    async start() {
      // With the wrong encryption key every call would fail, so the start fails instead.
      await accessKeys?.bind();
      return server.start();
    },
  };
}

/** Logs a store error when it starts, and its end. */
function logStoreState(logger: Logger): (error: Error | undefined) => void {
  return (error) => {
    if (error) logger.error({ err: error }, 'store unavailable');
    else logger.info('store available again');
  };
}

/** Splits one health query into two checks. Readiness runs its checks at the same time, so they share the query. */
export function storeChecks(health: () => Promise<StoreHealth>): Checks {
  let pending: Promise<StoreHealth> | undefined;
  const sharedHealth = () =>
    (pending ??= health().finally(() => {
      pending = undefined;
    }));
  const check = async (part: 'store' | 'migrations'): Promise<CheckResult> => {
    const state = await sharedHealth();
    return state.ok || state.part !== part ? 'ok' : state.reason;
  };
  return { store: () => check('store'), migrations: () => check('migrations') };
}
