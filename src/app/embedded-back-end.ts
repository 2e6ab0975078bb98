import { setTimeout as wait } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { EmbeddedProtonConfig, AwsServerConfig } from '../config/proton';
import type { StoreConfig } from '../config/store';
import { createAccessKeys } from '../control-plane/access-keys/access-keys';
import { trustAccessKeyId, verifySignature } from '../aws-api/authenticate';
import { createAwsApi } from '../aws-api/aws-api';
import { createAwsServer } from '../http/aws-server';
import { createEmbeddedProtonService, type EmbeddedProtonService } from '../control-plane/control-plane';
import { observeStore, STORE_OPERATIONS, type Store, type StoreHealth } from '../control-plane/store';
import { GRACE_MS } from '../control-plane/postgres/database';
import { openPostgresStore } from '../control-plane/postgres/postgres-store';
import { openSqliteStore } from '../control-plane/sqlite/sqlite-store';
import type { CheckResult, Checks } from '../http/admin-server';
import { instrumentService } from '../proton/instrument-session';
import type { BackEnd, BackEndDependencies } from './back-end';

/**
 * Creates the control plane in this process, on its own store.
 * @throws StoreOpenError when the database can't be opened
 */
export async function embeddedBackEnd(
  { store: storeConfig, controlPlane, awsServer }: EmbeddedProtonConfig,
  dependencies: BackEndDependencies,
): Promise<BackEnd> {
  const { telemetry } = dependencies;
  const store = await openStore(storeConfig, dependencies);
  const service = createEmbeddedProtonService({
    store: observeStore(store, telemetry.aroundStore),
    settings: controlPlane,
    reportFault: dependencies.reportFault,
  });
  const proton = instrumentService(service, telemetry.aroundProton);
  telemetry.metrics.addStoreOperations(STORE_OPERATIONS);
  telemetry.metrics.watchConnections(store.countByStatus);
  if (store.pool) telemetry.metrics.watchPool(store.pool);
  telemetry.metrics.watchFeed(store.feed.lag);
  return {
    proton,
    awsServer: awsServer && buildAwsServer(proton, store, awsServer, dependencies),
    accessKeysUnder: (encryptionKey) => createAccessKeys({ store: store.accessKeys, encryptionKey }),
    checks: storeChecks(store.health),
    async close(timeoutMs) {
      const drained = new AbortController();
      // A write that waits for another process's lock could exceed the grace period.
      const timeout = wait(timeoutMs, undefined, { signal: drained.signal });
      await Promise.race([service.drained(), timeout]);
      drained.abort();
      await store.close();
    },
  };
}

/** Opens the store that DATABASE_URL names. @throws StoreOpenError */
async function openStore(
  config: StoreConfig,
  { telemetry, logger, traffic }: BackEndDependencies,
): Promise<Store> {
  const report = logStoreState(logger);
  if (config.kind === 'sqlite') return openSqliteStore({ ...config, report });
  return openPostgresStore({
    ...config,
    timeoutMs: statementTimeout(config.timeoutMs, traffic.executionMs),
    migrate: config.migrateOnStart,
    report,
    listening(error) {
      if (error) logger.warn({ err: error }, 'not listening for changes: polling finds them a little later');
      else logger.info('listening for changes again');
    },
    retried: telemetry.metrics.countStoreRetry,
  });
}

/**
 * Cuts the statement timeout, so that what can't be done in the time of a request is answered by then.
 * @returns milliseconds: 500 less than the request has, but at least half of its time, for a request that has little
 */
export function statementTimeout(timeoutMs: number, executionMs: number): number {
  const longest = Math.max(executionMs - 2 * GRACE_MS, Math.ceil(executionMs / 2));
  return Math.min(timeoutMs, longest);
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
